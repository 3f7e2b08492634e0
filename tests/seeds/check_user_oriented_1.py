"""Recomputes the user-oriented tasks 0 to 59 that are marked `checked_by: code`."""

import csv
import ipaddress
import itertools
import json
import math
import re
import sqlite3
import subprocess
import sys
import tempfile
import types
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from functools import partial
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from tests.seeds.checked import gives, holds, run_code


def _minutes(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


def _clock(minutes: int) -> str:
    return f"{minutes // 60}:{minutes % 60:02}"


def _rounded(number: Fraction | Decimal, step: str) -> Decimal:
    exact = Fraction(number)
    quotient = Decimal(exact.numerator) / Decimal(exact.denominator)
    return quotient.quantize(Decimal(step), rounding=ROUND_HALF_UP)


def _plain(number: Fraction | Decimal) -> str:
    return f"{float(number):.10g}"


def _table(head: list[str], align: str, rows: list[list[str]]) -> str:
    rule = ["---:" if letter == "r" else "---" for letter in align]
    lines = (f"| {' | '.join(cells)} |" for cells in [head, rule, *rows])
    return "\n".join(lines).replace("|  |", "| |")


def _cells(markdown: str) -> list[list[str]]:
    lines = (line for line in markdown.splitlines() if line.startswith("|"))
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [row for row in rows if not all(set(cell) <= set("-: ") for cell in row)]


def _sqlite(script: str) -> sqlite3.Connection:
    database = sqlite3.connect(":memory:")
    database.executescript(script)
    return database


def _numbers(text: str) -> list[Fraction]:
    return [Fraction(found) for found in re.findall(r"\d+(?:\.\d+)?", text)]


@gives("user_oriented_task_1")
def revenue_by_region_and_quarter(given: str) -> str:
    sums: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for line in csv.DictReader(given.splitlines()):
        for region in (line["region"], "Total"):
            for quarter in (line["quarter"], "Total"):
                sums[region][quarter] += int(line["revenue"])
    quarters = [*sorted(sums["Total"].keys() - {"Total"}), "Total"]
    regions = [*sorted(sums.keys() - {"Total"}), "Total"]
    rows = [[region, *(str(sums[region][quarter]) for quarter in quarters)] for region in regions]
    return _table(["Region", *quarters], "l" + "r" * len(quarters), rows)


@gives("user_oriented_task_2")
def earliest_common_slot(given: str) -> str:
    busy = [(_minutes("12:00"), _minutes("13:00"))]
    for start, end in re.findall(r"(\d+:\d+)-(\d+:\d+)", given):
        busy.append((_minutes(start), _minutes(end)))
    for start in range(_minutes("9:00"), _minutes("17:00") - 44):
        if all(start + 45 <= begin or start >= end for begin, end in busy):
            return f"Tuesday, {_clock(start)} to {_clock(start + 45)}"
    return "no slot"


@holds("user_oriented_task_4")
def machines_without_recent_service(given: str, output: str) -> None:
    database = _sqlite(given)
    serviced = {
        machine
        for machine, done_on in database.execute("SELECT machine_id, done_on FROM services")
        if date.fromisoformat(done_on) >= date(2024, 1, 1)
    }
    machines = database.execute("SELECT id, name FROM machines").fetchall()
    overdue = sorted(name for machine, name in machines if machine not in serviced)
    assert [name for (name,) in database.execute(output)] == overdue


def _pytest_cases(names: dict[str, object]) -> Iterator[Callable[[], None]]:
    for name, test in names.items():
        if not name.startswith("test_") or not callable(test):
            continue
        marks = [mark for mark in getattr(test, "pytestmark", []) if mark.name == "parametrize"]
        if not marks:
            yield test
        for mark in marks:
            keys = mark.args[0]
            for values in mark.args[1]:
                single = isinstance(keys, str)
                bound = {keys: values} if single else dict(zip(keys, values, strict=True))
                yield partial(test, **bound)


def _all_pass(tests: str, module_source: str) -> bool:
    module = types.ModuleType("shipping")
    exec(module_source, module.__dict__)
    sys.modules["shipping"] = module
    try:
        cases = list(_pytest_cases(run_code(tests)))
        assert cases
        for case in cases:
            case()
    except BaseException as error:
        if isinstance(error, AssertionError | ValueError) or type(error).__name__ == "Failed":
            return False
        raise
    finally:
        del sys.modules["shipping"]
    return True


@holds("user_oriented_task_5")
def tests_pass_and_notice_every_changed_boundary(given: str, output: str) -> None:
    assert _all_pass(output, given)
    changes = [("<= 0:", "< 0:"), ("<= 2:", "< 2:"), ("<= 10:", "< 10:"), ("<= 0:", "== 0:")]
    changes += [("<= 2:", "<= 2.1:"), ("<= 10:", "<= 10.1:"), ("<= 0:", "<= 0.01:")]
    changes += [("4.5", "4.6"), ("7.9", "7.8"), ("14.0", "14.1"), ("raise", "return")]
    for old, new in changes:
        assert old in given
        assert not _all_pass(output, given.replace(old, new)), (old, new)


@holds("user_oriented_task_6")
def clients_with_most_404(given: str, output: str) -> None:
    counts: dict[str, int] = defaultdict(int)
    for line in given.splitlines():
        found = re.fullmatch(r'(\S+) - - \[.*?\] ".*?" (\d+) \d+', line)
        assert found
        counts[found[1]] += found[2] == "404"
    top = sorted(counts.items(), key=lambda item: (item[1], item[0]), reverse=True)[:3]
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "access.log").write_text(given + "\n", encoding="utf-8")
        done = subprocess.run(
            ["sh", "-c", output], cwd=folder, capture_output=True, text=True, check=True
        )
    assert [line.split() for line in done.stdout.splitlines()] == [[str(n), ip] for ip, n in top]


@gives("user_oriented_task_9")
def notes_of_features_and_fixes(given: str) -> str:
    sections = {"feat": ["Added"], "fix": ["Fixed"]}
    for subject in given.splitlines():
        found = re.fullmatch(r"(feat|fix)\((\w+)\): (.+)", subject)
        if found:
            text = found[3][0].upper() + found[3][1:]
            sections[found[1]].append(f"- **{found[2]}:** {text}")
    return "\n\n".join("\n".join(lines) for lines in sections.values())


@gives("user_oriented_task_11")
def cups_to_grams(given: str) -> str:
    *lines, weights = given.splitlines()
    grams = {name: int(weight) for name, weight in re.findall(r"(\w+) (\d+) g", weights)}
    converted = []
    for line in lines:
        found = re.fullmatch(r"([\d /]+) cups? (\w+)", line)
        if found:
            cups = sum(map(Fraction, found[1].split()), Fraction(0))
            line = f"{_rounded(cups * grams[found[2]] / 5, '1') * 5} g {found[2]}"
        converted.append(line)
    return "\n".join(converted)


@gives("user_oriented_task_13")
def nutrients_of_a_portion(given: str) -> str:
    first, contents, daily = given.splitlines()
    amount = r"(\w+) ([\d.]+) (k?[Jg])"
    reference = {name: Fraction(value) for name, value, _ in re.findall(amount, daily)}
    (portion,) = _numbers(first)
    rows = []
    for name, value, unit in re.findall(amount, contents.partition(":")[2]):
        eaten = Fraction(value) * portion / 100
        share = _rounded(100 * eaten / reference[name], "1")
        rows.append([name.capitalize(), f"{_plain(eaten)} {unit}", f"{share} %"])
    head = ["", f"Per portion ({portion} g)", "Share of daily intake"]
    return _table(head, "lrr", rows)


@gives("user_oriented_task_14")
def combined_purchases(given: str) -> str:
    needed: dict[tuple[str, str], int] = defaultdict(int)
    for line in given.splitlines():
        source, items = line.split(": ")
        sign = -1 if source == "Pantry" else 1
        for item in items.split(", "):
            name, amount, unit = item.rsplit(" ", 2)
            needed[name, unit] += sign * int(amount)
    wanted = sorted(needed.items())
    return "\n".join(f"- {name}: {n} {unit}" for (name, unit), n in wanted if n > 0)


@gives("user_oriented_task_16")
def latest_connection(given: str) -> str:
    first, second = (re.findall(r"(\d+:\d+)-(\d+:\d+)", line) for line in given.splitlines())
    fitting = [
        (_minutes(leave), -_minutes(there), (leave, change, board, there))
        for (leave, change), (board, there) in itertools.product(first, second)
        if _minutes(board) - _minutes(change) >= 8 and _minutes(there) <= _minutes("9:30")
    ]
    leave, change, board, there = max(fitting)[2]
    return f"Alder {leave}, Birch {change}; Birch {board}, Cedar {there}"


@gives("user_oriented_task_22")
def reference_list(given: str) -> str:
    entries = []
    for record in given.splitlines():
        field = dict(re.findall(r"(\w+) = \{(.*?)\}", record))
        people = (name.split(", ") for name in field["author"].split(" and "))
        authors = ", & ".join(f"{surname}, {first[0]}." for surname, first in people)
        entries.append(
            f"{authors} ({field['year']}). {field['title']}. {field['journal']}, "
            f"{field['volume']}({field['number']}), {field['pages']}."
        )
    return "\n".join(sorted(entries))


@holds("user_oriented_task_26")
def solutions_of_the_root_equation(given: str, output: str) -> None:
    found = re.fullmatch(r"sqrt\(x \+ (\d+)\) = x - (\d+)", given)
    assert found
    a, b = int(found[1]), int(found[2])
    squared = [x for x in range(-a, 1000) if x + a == (x - b) ** 2]
    assert len(squared) == 2
    low, high = squared
    assert low < b <= high
    assert output.splitlines() == [
        f"Square both sides: x + {a} = (x - {b})^2 = x^2 - {2 * b}x + {b * b}.",
        f"Bring everything to one side: x^2 - {2 * b + 1}x + {b * b - a} = 0.",
        f"Factor: (x - {low})(x - {high}) = 0, so the candidates are {low} and {high}.",
        "",
        f"Test {high}: sqrt({high} + {a}) = sqrt({high + a}) = {math.isqrt(high + a)}, "
        f"and {high} - {b} = {high - b}. It holds.",
        f"Test {low}: sqrt({low} + {a}) = sqrt({low + a}) = {math.isqrt(low + a)}, "
        f"but {low} - {b} = {low - b}. A square root is never negative, "
        f"so {low} is thrown out; squaring had introduced it.",
        "",
        f"The only solution is x = {high}.",
    ]


@gives("user_oriented_task_27")
def stopping_distance(given: str) -> str:
    hourly, reaction, deceleration = (_numbers(line)[0] for line in given.splitlines())
    speed = hourly / Fraction("3.6")
    v, rolling = f"{_plain(speed)} m/s", speed * reaction
    braking = speed**2 / (2 * deceleration)
    metres = _rounded(braking, "0.01")
    shortened = f"{_plain(speed**2)} / {_plain(2 * deceleration)}"
    lines = [
        f"Speed: {hourly} km/h = {hourly} / 3.6 m/s = {v}",
        f"Reaction: {v} * {_plain(reaction)} s = {_plain(rolling)} m",
        f"Braking: v^2 / (2a) = ({v})^2 / (2 * {_plain(deceleration)} m/s^2) = {shortened} m "
        f"= {metres} m",
        f"Total: {_plain(rolling)} m + {metres} m = {_rounded(rolling + braking, '0.1')} m",
    ]
    return "\n".join(lines)


@gives("user_oriented_task_28")
def dilution_series(given: str) -> str:
    stock, flask, targets = (_numbers(line.partition(":")[2]) for line in given.splitlines())
    rows = []
    for target in targets:
        volume = target * flask[0] / stock[0]
        rows.append([str(target), f"{float(volume):.1f}", f"{float(flask[0] - volume):.1f}"])
    return _table(["Target (mmol/L)", "Stock (mL)", "Solvent (mL)"], "rrr", rows)


@holds("user_oriented_task_29")
def kappa_of_two_raters(given: str, output: str) -> None:
    counts = [[int(cell) for cell in row[1:]] for row in _cells(given)[1:]]
    (a, b), (c, d) = counts
    total = a + b + c + d
    observed = Fraction(a + d, total)
    chance = Fraction((a + b) * (a + c) + (c + d) * (b + d), total**2)
    kappa = (observed - chance) / (1 - chance)
    po, pe, k = (_rounded(value, "0.001") for value in (observed, chance, kappa))
    products = f"{a + b} * {a + c} + {c + d} * {b + d}"
    assert output.splitlines()[:3] == [
        f"Observed agreement: ({a} + {d}) / {total} = {po}",
        f"Agreement expected by chance: ({products}) / {total}^2 = {pe}",
        f"Cohen's kappa: ({po} - {pe}) / (1 - {pe}) = {k}",
    ]
    assert "moderate agreement" in output
    assert Fraction("0.4") < kappa <= Fraction("0.6")
    assert f"the {b + c} disagreements" in output


@gives("user_oriented_task_30")
def scores_of_the_classifier(given: str) -> str:
    (_, *names), *rows = _cells(given)
    counts = [[int(cell) for cell in row[1:]] for row in rows]
    scores, lines = [], []
    for i, name in enumerate(names):
        hits, true, predicted = counts[i][i], sum(counts[i]), sum(row[i] for row in counts)
        score = Fraction(2 * hits, true + predicted)
        scores.append(score)
        values = Fraction(hits, predicted), Fraction(hits, true), score
        lines.append([name, *(str(_rounded(value, "0.01")) for value in values)])
    worst = scores.index(min(scores))
    wrong = max((n, j) for j, n in enumerate(counts[worst]) if j != worst)
    return (
        _table(["Class", "Precision", "Recall", "F1"], "lrrr", lines)
        + f"\n\nMacro-averaged F1: {_rounded(sum(scores) / Fraction(len(scores)), '0.01')}"
        + f"\nWeakest class: {names[worst]}, mostly mistaken for {names[wrong[1]]} "
        + f"({wrong[0]} of {sum(counts[worst])})"
    )


def _is_version(text: str) -> bool:
    core, hyphen, suffix = text.partition("-")
    parts = core.split(".")
    right = len(parts) == 3 and all(part and str(int(part)) == part for part in parts)
    if not hyphen:
        return right
    found = re.fullmatch(r"([a-z]*)([0-9]*)", suffix)
    if not found or found[1] not in ("alpha", "beta", "rc") or not found[2]:
        return False
    return right and int(found[2]) >= 1 and str(int(found[2])) == found[2]


@holds("user_oriented_task_31")
def pattern_of_version_numbers(_: str, output: str) -> None:
    pattern, _blank, *parts = output.splitlines()
    explained = [found[1] for part in parts if (found := re.match(r"- `(.+?)` is ", part))]
    assert [pattern.count(part) for part in explained] == [3, 2, 1]
    assert re.escape(".") == explained[1]
    assert r"\.".join([explained[0]] * 3) + explained[2] == pattern
    numbers = ["", "0", "00", "7", "07", "10", "120"]
    cores = [".".join(parts) for n in (2, 3, 4) for parts in itertools.product(numbers, repeat=n)]
    suffixes = ["", "-", "-1", "-gamma1", "-RC1", "-rc1-rc1", "-beta.1"]
    suffixes += [word + n for word in ("-alpha", "-beta", "-rc", "rc") for n in numbers]
    accepted = 0
    for core, suffix in itertools.product([*cores[:400], "1.2.3"], suffixes):
        if "rc" in suffix and "-" not in suffix:
            assert not re.fullmatch(pattern, core + suffix)
            continue
        expected = _is_version(core + suffix)
        assert bool(re.fullmatch(pattern, core + suffix)) == expected, core + suffix
        accepted += expected
    assert accepted > 100
    for text in ("3.0.12\n", "v3.0.12", "3x0x12", "3.0.12 ", "-3.0.12", "3.0.\u0661"):
        assert not re.fullmatch(pattern, text)


def _merge_patch(target: Any, patch: Any) -> Any:
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = _merge_patch(merged.get(key), value)
    return merged


@gives("user_oriented_task_33")
def patched_configuration(given: str) -> str:
    document, patch = (json.loads(line.split(": ", 1)[1]) for line in given.splitlines())
    return json.dumps(_merge_patch(document, patch), indent=2)


@gives("user_oriented_task_34")
def cleaned_participants(given: str) -> str:
    head, *lines = given.splitlines()
    earliest: dict[str, tuple[date, str]] = {}
    for line in lines:
        name, address, joined = (cell.strip() for cell in line.split(";"))
        day, month, year = map(int, joined.split("."))
        row = date(year, month, day), name.title()
        earliest[address.lower()] = min(row, earliest.get(address.lower(), row))
    rows = sorted((joined, name, address) for address, (joined, name) in earliest.items())
    return "\n".join([head, *(f"{name};{address};{joined}" for joined, name, address in rows)])


@gives("user_oriented_task_36")
def three_point_estimates(given: str) -> str:
    lines, ranges, total = [], [], Fraction(0)
    for line in given.splitlines()[1:]:
        name, low, likely, high = re.split(r"[:,] ", line)
        expected = Fraction(int(low) + 4 * int(likely) + int(high), 6)
        total += expected
        lines.append(f"{name}: {_plain(expected)} days")
        ranges.append((int(high) - int(low), f"{name} ({low} to {high} days)"))
    return "\n".join([*lines, f"Total: {_plain(total)} days", f"Widest range: {max(ranges)[1]}"])


class _TableReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.caption = ""
        self.rows: list[list[tuple[str, str]]] = []
        self.kind = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        allowed = {"table", "caption", "thead", "tbody", "tr", "th", "td"}
        assert tag in allowed
        scope = dict(attrs)
        assert set(scope) <= {"scope"}
        assert bool(self.open) == (tag != "table")
        self.open.append(tag)
        self.kind = f"{tag} {scope['scope']}" if scope else tag
        if tag == "tr":
            self.rows.append([])

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not data.strip():
            return
        assert self.open[-1] in ("caption", "th", "td")
        if self.open[-1] == "caption":
            self.caption += data
        else:
            self.rows[-1].append((self.kind, data))


@holds("user_oriented_task_40")
def table_of_opening_hours(given: str, output: str) -> None:
    caption, head, *lines = given.splitlines()
    reader = _TableReader()
    reader.feed(output)
    reader.close()
    assert not reader.open
    assert reader.caption == caption
    kinds = ["th row", "td", "td"]
    days = [list(zip(kinds, line.split(" | "), strict=True)) for line in lines]
    assert reader.rows == [[("th col", cell) for cell in head.split(" | ")], *days]


@gives("user_oriented_task_41")
def booktabs_tabular(given: str) -> str:
    head, *rows = _cells(given)
    columns = ""
    for cells in zip(*rows, strict=True):
        columns += "r" if all(re.fullmatch(r"[\d.]+", cell) for cell in cells) else "l"

    def line(cells: list[str]) -> str:
        return " & ".join(re.sub(r"([&%_#])", r"\\\1", cell) for cell in cells) + r" \\"

    body = [r"\toprule", line(head), r"\midrule", *map(line, rows), r"\bottomrule"]
    return "\n".join([rf"\begin{{tabular}}{{{columns}}}", *body, r"\end{tabular}"])


@gives("user_oriented_task_42")
def local_starts(given: str) -> str:
    def offset(text: str) -> int:
        found = re.search(r"UTC([+-])(\d+)(?::(\d+))?", text)
        assert found
        return int(found[1] + "1") * (int(found[2]) * 60 + int(found[3] or 0))

    first, *places = given.splitlines()
    start = _minutes(first.split()[1]) - offset(first)
    lines = []
    for place in places:
        local = start + offset(place)
        assert 0 <= local < 24 * 60
        awake = _minutes("8:00") <= local <= _minutes("20:00")
        flag = "" if awake else " (outside 8:00 to 20:00)"
        lines.append(f"{place.split(':')[0]}: {_clock(local)}{flag}")
    return "\n".join(lines)


@gives("user_oriented_task_47")
def resistor_values(given: str) -> str:
    digits = ["black", "brown", "red", "orange", "yellow", "green", "blue", "violet", "grey"]
    tolerances = {"gold": 5, "silver": 10, "brown": 1, "red": 2}
    lines = []
    for bands in given.splitlines():
        tens, ones, zeros, last = bands.split(", ")
        power = 10 ** digits.index(zeros)
        value = Fraction((10 * digits.index(tens) + digits.index(ones)) * power)
        spread = value * tolerances[last] / 100
        low, high = _plain(value - spread), _plain(value + spread)
        lines.append(f"{bands}: {value} ohms, {tolerances[last]} %, {low} to {high} ohms")
    return "\n".join(lines)


@gives("user_oriented_task_48")
def subnets(given: str) -> str:
    lines = []
    for host in given.splitlines():
        network = ipaddress.ip_interface(host).network
        usable = list(network.hosts())
        lines.append(
            f"{host}: network {network.network_address}, broadcast {network.broadcast_address}, "
            f"hosts {usable[0]} to {usable[-1]} ({len(usable)})"
        )
    return "\n".join(lines)


def _function(source: str, name: str) -> Callable[..., Any]:
    found = run_code(source)[name]
    assert callable(found)
    return found


@holds("user_oriented_task_50")
def same_grades_without_branches(given: str, output: str) -> None:
    before, after = _function(given, "grade"), _function(output, "grade")
    for points in [n / 4 for n in range(-40, 480)] + [math.inf, -math.inf, math.nan]:
        assert after(points) == before(points)
    assert "elif" not in output
    assert output.count("if ") < given.count("if ")


@holds("user_oriented_task_51")
def averages_of_all_windows(given: str, output: str) -> None:
    function, assertion = given.split("\n\n\n")
    sentence, code = output.split("\n\n")
    assert sentence.endswith(".")
    try:
        run_code(given)
    except AssertionError:
        pass
    else:
        raise AssertionError("the function of the question is right already")
    assert code.splitlines()[0] == function.splitlines()[0]
    run_code(f"{code}\n{assertion}")
    average = _function(code, "moving_average")
    wrong = _function(function, "moving_average")
    assert "one start position too early" in sentence
    assert "the last of the `len(values) - size + 1` windows is never averaged" in sentence
    for length, size in itertools.product(range(1, 8), range(1, 8)):
        values = list(range(length))
        assert len(average(values, size)) == max(length - size + 1, 0)
        assert wrong(values, size) == average(values, size)[:-1]
    for length, size in itertools.product(range(8), range(1, 10)):
        values = [n * n - 3 for n in range(length)]
        windows = [values[i : i + size] for i in range(length)]
        assert average(values, size) == [sum(w) / size for w in windows if len(w) == size]


@gives("user_oriented_task_52")
def quickest_way(given: str) -> str:
    minutes: dict[str, dict[str, int]] = defaultdict(dict)
    for one, other, cost in re.findall(r"(\w)-(\w) (\d+)", given):
        minutes[one][other] = minutes[other][one] = int(cost)
    routes = []
    best = {"A": 0}
    for length in range(len(minutes)):
        for stops in itertools.permutations(sorted(minutes.keys() - {"A"}), length):
            legs = list(itertools.pairwise(("A", *stops)))
            if not all(end in minutes[start] for start, end in legs):
                continue
            cost = sum(minutes[start][end] for start, end in legs)
            last = stops[-1] if stops else "A"
            best[last] = min(cost, best.get(last, cost))
            routes.append((cost, ("A", *stops)))
    final = sorted(best, key=lambda town: best[town])
    (route,) = (stops for cost, stops in routes if stops[-1] == "F" and cost == best["F"])
    order = ", ".join(f"{town} {best[town]}" for town in final)
    assert len(set(best.values())) == len(best) == len(minutes)
    return f"{order}\nRoute: {' - '.join(route)} ({best['F']} minutes)"


@holds("user_oriented_task_53")
def counterexample(given: str, output: str) -> None:
    def true(formula: str, values: dict[str, bool]) -> bool:
        left, arrow, right = formula.partition(" -> ")
        if arrow:
            return not values[left] or values[right]
        return not values[left[4:]] if left.startswith("not ") else values[left]

    *premises, conclusion = (line.split(": ")[1] for line in given.splitlines())
    letters = set(re.findall(r"\b[pqr]\b", given))
    values = {
        letter: word == "true" for letter, word in re.findall(r"([pqr]) (true|false)", output)
    }
    assert values.keys() == letters
    assert "not valid" in output
    assert all(true(premise, values) for premise in premises)
    assert not true(conclusion, values)
    assert f'the conclusion "{conclusion}" is false' in output


@gives("user_oriented_task_55")
def laspeyres_index(given: str) -> str:
    rows = [line.split(" | ") for line in given.splitlines()[1:]]

    def basket(column: int) -> tuple[str, Fraction]:
        terms = " + ".join(f"{row[1]} * {row[column]}" for row in rows)
        return terms, sum((Fraction(row[1]) * Fraction(row[column]) for row in rows), Fraction(0))

    (old_terms, old), (new_terms, new) = basket(2), basket(4)
    index = _rounded(100 * new / old, "0.1")
    return "\n".join(
        [
            f"Basket of year 1 at prices of year 1: {old_terms} = {float(old):.2f}",
            f"Basket of year 1 at prices of year 2: {new_terms} = {float(new):.2f}",
            f"Laspeyres index: {float(new):.2f} / {float(old):.2f} * 100 = {index}",
            f"Price increase: {index - 100} %",
        ]
    )


@gives("user_oriented_task_56")
def bio_tags(given: str) -> str:
    lines = []
    for kind, inside, outside in re.findall(r"\[(\w+) ([^\]]+)\]|(\S+)", given):
        for i, token in enumerate(inside.split()):
            lines.append(f"{token} {'I' if i else 'B'}-{kind}")
        if outside:
            lines.append(f"{outside} O")
    return "\n".join(lines)


@gives("user_oriented_task_58")
def later_subtitles(given: str) -> str:
    def shifted(found: re.Match[str]) -> str:
        hours, minutes, seconds, thousandths = map(int, found.groups())
        total = ((hours * 60 + minutes) * 60 + seconds) * 1000 + thousandths + 2400
        seconds, thousandths = divmod(total, 1000)
        minutes, seconds = divmod(seconds, 60)
        hours, minutes = divmod(minutes, 60)
        return f"{hours:02}:{minutes:02}:{seconds:02},{thousandths:03}"

    return re.sub(r"(\d\d):(\d\d):(\d\d),(\d{3})", shifted, given)


@gives("user_oriented_task_59")
def hundred_days_later(_: str) -> str:
    start = date(2025, 3, 14)
    assert start.weekday() == 4
    day = start + timedelta(days=100)
    return f"It will be {day:%A}, {day.day} {day:%B} {day.year}."
