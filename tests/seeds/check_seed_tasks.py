"""Recomputes the seed tasks that are marked `checked_by: code`."""

import ast
import contextlib
import datetime
import io
import ipaddress
import itertools
import json
import math
import random
import re
import sqlite3
import subprocess
import tempfile
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, cast

from tests.seeds.checked import gives, holds, run_code


def words(text: str) -> list[str]:
    return text.split()


MONTHS = words(
    "January February March April May June July August September October November December"
)


def numbers(text: str) -> list[float]:
    return [float(number) for number in re.findall(r"-?\d+(?:\.\d+)?", text.replace(",", ""))]


def function(source: str, name: str) -> Callable[..., Any]:
    return cast(Callable[..., Any], run_code(source)[name])


def equations_hold(text: str, least: int) -> None:
    side = r"[-(]?\d[\d.+*/^() -]*"
    chains = re.findall(rf"(?<![\w^.])(?:{side}=\s*)+{side}", text)
    assert len(chains) >= least
    for chain in chains:
        values = [
            cast(float, eval(part.strip(" .").replace("^", "**"))) for part in chain.split("=")
        ]
        assert all(math.isclose(value, values[0]) for value in values), chain


def minutes(clock: str) -> int:
    hours, rest = clock.split(":")
    return 60 * int(hours) + int(rest)


def table(head: Iterable[object], marks: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    lines = ["| " + " | ".join(str(cell) for cell in cells) + " |" for cells in (head, marks)]
    for row in rows:
        lines.append("|" + "".join(f" {cell} |" if cell != "" else " |" for cell in row))
    return "\n".join(lines)


def only(solutions: Iterable[tuple[Any, ...]]) -> tuple[Any, ...]:
    found = list(solutions)
    assert len(found) == 1, found
    return found[0]


def queried(tables: str, query: str) -> list[Any]:
    with contextlib.closing(sqlite3.connect(":memory:")) as database:
        database.executescript(tables)
        return database.execute(query).fetchall()


# Tasks with an input to compute from


@gives("seed_task_1")
def expenses_by_date(given: str) -> str:
    noted = []
    for note in given.split("; "):
        found = re.fullmatch(r"(.+?),? (\d+\.\d\d),? (?:on|paid) (\d+) March", note)
        assert found
        noted.append((int(found[3]), found[1][0].upper() + found[1][1:], float(found[2])))
    rows = [(f"{day} March", what, f"{amount:.2f}") for day, what, amount in sorted(noted)]
    total = ("", "Total", f"{sum(amount for _, _, amount in noted):.2f}")
    return table(("Date", "Expense", "Amount"), ("---", "---", "---:"), [*rows, total])


@holds("seed_task_3")
def longest_run_agrees_with_a_slow_one(given: str, output: str) -> None:
    longest_run = function(output, "longest_run")
    draw = random.Random(1)
    assert longest_run([]) is None
    for _ in range(300):
        values = [draw.randrange(3) for _ in range(draw.randrange(1, 9))]
        streaks = [
            (len(values[start:end]), -start)
            for start in range(len(values))
            for end in range(start + 1, len(values) + 1)
            if len(set(values[start:end])) == 1
        ]
        assert longest_run(values) == values[-max(streaks)[1]]


@holds("seed_task_4")
def tank_fills_at_the_net_rate(given: str, output: str) -> None:
    capacity, first, second, drain = numbers(given)
    equations_hold(output, 2)
    assert numbers(output)[:3] == [first, second, drain]
    assert output.endswith(f" {capacity / (first + second - drain):g} minutes.")


@holds("seed_task_8")
def errands_have_one_route(given: str, output: str) -> None:
    opening: dict[str, tuple[int, int]] = {}
    for name, hours in re.findall(r"^([A-Z][a-z ]+): (?:open|opens at) (.+)$", given, re.M):
        clocks = [minutes(clock) for clock in re.findall(r"\d+:\d+", hours)]
        opening[name] = (clocks[0], clocks[1] if len(clocks) > 1 else 24 * 60)
    arrivals = [9 * 60 + 10 + 25 * stop for stop in range(len(opening))]
    routes = [
        route
        for route in itertools.permutations(opening)
        if all(
            opening[name][0] <= arrival and arrival + 15 <= opening[name][1]
            for name, arrival in zip(route, arrivals, strict=True)
        )
    ]
    lines = re.findall(r"^[1-4]\. ([A-Z][a-z ]+): arrive ([\d:]+), leave ([\d:]+)$", output, re.M)
    assert tuple(name for name, _, _ in lines) == only(routes)
    assert re.findall(r"^\d", output, re.M) == ["1", "2", "3", "4"]
    assert [minutes(arrive) for _, arrive, _ in lines] == arrivals
    assert [minutes(leave) for _, _, leave in lines] == [clock + 15 for clock in arrivals]
    assert "back home at 10:50" in output
    assert arrivals[-1] + 25 == minutes("10:50")


@holds("seed_task_11")
def medication_details_as_stated(given: str, output: str) -> None:
    stated = []
    for sentence in given.rstrip(".").split(". "):
        found = re.fullmatch(r"(?:Take )?(\w+) (\d+ mg) (.+) for (\d+) days(.*)", sentence)
        assert found
        drug, dose, frequency, days, rest = found.groups()
        stated.append(
            {"drug": drug.lower(), "dose": dose, "frequency": frequency + rest, "days": int(days)}
        )
    assert json.loads(output) == stated


@holds("seed_task_16")
def race_has_one_order(given: str, output: str) -> None:
    runners = re.findall(r"\w+", given.splitlines()[0])[1:]
    place = only(
        order
        for order in itertools.permutations(runners)
        if order.index("Ben") == order.index("Chloe") + 1
        and order.index("Ana") < order.index("Dev") < 3
    )
    assert output.endswith(f"The order is {', '.join(place)}.")


@holds("seed_task_19")
def authors_with_two_late_books(given: str, output: str) -> None:
    books = [(1, 2011), (1, 2015), (2, 2010), (2, 2012), (3, 2013), (3, 2014), (3, 2020)]
    tables = (
        "CREATE TABLE author(id, name, born); CREATE TABLE book(id, title, author_id, year);"
        "INSERT INTO author VALUES (1, 'A', 1950), (2, 'B', 1960), (3, 'C', 1970), (4, 'D', 1);"
    )
    for number, (author, year) in enumerate(books):
        tables += f"INSERT INTO book VALUES ({number}, 't', {author}, {year});"
    late = Counter("ABC"[author - 1] for author, year in books if year > 2010)
    assert queried(tables, output) == [pair for pair in late.most_common() if pair[1] >= 2]


@gives("seed_task_22")
def transposed_chords(given: str) -> str:
    names = words("C C# D D# E F F# G G# A A# B")
    chords, request = given.splitlines()
    semitones = int(numbers(request)[0])
    moved = []
    for chord in chords.removeprefix("Chords: ").split():
        root = chord.rstrip("m")
        moved.append(names[(names.index(root) + semitones) % 12] + chord[len(root) :])
    return " ".join(moved)


# Labels


@gives("seed_task_65")
def isbn_verdict(given: str) -> str:
    digits = [int(digit) for digit in given if digit.isdigit()]
    assert len(digits) == 13
    return "valid" if (sum(digits[::2]) + 3 * sum(digits[1::2])) % 10 == 0 else "invalid"


@gives("seed_task_121")
def dose_verdict(given: str) -> str:
    leaflet, plan = given.splitlines()
    doses = [int(dose) for dose in re.findall(r"(\d+) mg at", plan)]
    limit = re.search(r"at most (\d+) mg", leaflet)
    assert limit
    return "safe" if sum(doses) <= int(limit[1]) else "unsafe"


@gives("seed_task_163")
def leap_or_common(given: str) -> str:
    days = datetime.date(int(given) + 1, 1, 1) - datetime.date(int(given), 1, 1)
    return "leap" if days.days == 366 else "common"


@gives("seed_task_105")
def range_of_address(given: str) -> str:
    address = ipaddress.IPv4Address(given)
    if address.is_loopback:
        return "loopback"
    if address.is_link_local:
        return "link-local"
    return "private" if address.is_private else "public"


@gives("seed_task_32")
def metre(given: str) -> str:
    beats = int(given.split("/")[0])
    if beats in (6, 9, 12):
        return "compound"
    return "simple" if beats in (2, 3, 4) else "irregular"


@gives("seed_task_171")
def board_state(given: str) -> str:
    rows = [line.split() for line in given.splitlines()]
    lines = [*rows, *map(list, zip(*rows, strict=True))]
    lines += [[rows[k][k] for k in range(3)], [rows[k][2 - k] for k in range(3)]]
    for player in "XO":
        if [player] * 3 in lines:
            return f"{player} wins"
    return "tie" if all(cell in "XO" for row in rows for cell in row) else "still open"


@gives("seed_task_155")
def convention(given: str) -> str:
    shapes = {
        "snake_case": r"[a-z0-9]+(_[a-z0-9]+)+",
        "SCREAMING_SNAKE_CASE": r"[A-Z0-9]+(_[A-Z0-9]+)+",
        "kebab-case": r"[a-z0-9]+(-[a-z0-9]+)+",
        "camelCase": r"[a-z]+([A-Z][a-z0-9]+)+",
        "PascalCase": r"([A-Z][a-z0-9]+){2,}",
    }
    return next(name for name, shape in shapes.items() if re.fullmatch(shape, given))


@gives("seed_task_34")
def category_of_bag(given: str) -> str:
    *sides, weight = numbers(given)
    if weight > 32:
        return "freight"
    fits = all(side <= most for side, most in zip(sorted(sides), (20, 40, 55), strict=True))
    return "cabin" if fits and weight <= 8 else "checked"


# Mathematics


@holds("seed_task_93")
def solution_of_the_system(given: str, output: str) -> None:
    (a, b, p), (c, d, q) = (numbers(re.sub(r"- (?=\d)", "-", line)) for line in given.splitlines())
    x, y = (p * d - b * q) / (a * d - b * c), (a * q - p * c) / (a * d - b * c)
    equations_hold(output, 2)
    assert output.endswith(f"The solution is x = {x:g}, y = {y:g}.")
    assert f"{a + c:g}x = {p + q:g}, so x = {x:g}." in output
    assert f"{a * x:g} + {b:g}y = {p:g}, so y = {y:g}." in output


@gives("seed_task_157")
def prime_factors(given: str) -> str:
    rest, powers = int(given), Counter[int]()
    while rest > 1:
        factor = next(number for number in range(2, rest + 1) if rest % number == 0)
        powers[factor] += 1
        rest //= factor
    return " * ".join(f"{p}^{power}" if power > 1 else str(p) for p, power in powers.items())


@holds("seed_task_168")
def drops_of_a_year(given: str, output: str) -> None:
    a_day = 24 * 60 * 60
    millilitres = Fraction(5, 100) * a_day * 365
    assert numbers(output) == [a_day, 365, a_day * 365, 0.05, 20, millilitres, 1600]
    assert round(millilitres / 1000, -2) == 1600
    assert 1 / Fraction(5, 100) == 20


@holds("seed_task_27")
def price_after_both_discounts(given: str, output: str) -> None:
    first = Fraction(150) * 80 / 100
    last = first * 90 / 100
    off = 150 - last
    stated = [20, 150, 150 - first, first, 10, first, first / 10, last]
    stated += [off, off, 150, off / 150 * 100, 30, Fraction(150 * 70, 100)]
    assert numbers(output) == stated


@gives("seed_task_119")
def derivative(given: str) -> str:
    terms = []
    for sign, factor, variable, power in re.findall(r"([+-]?) ?(\d*)(x?)\^?(\d*)", given):
        if variable:
            exponent = int(power or 1)
            terms.append((sign, int(factor or 1) * exponent, exponent - 1))
    text = ""
    for sign, factor, exponent in terms:
        text += f" {sign} " if sign else ""
        text += str(factor) + ("x" if exponent else "") + (f"^{exponent}" if exponent > 1 else "")
    return text


@gives("seed_task_28")
def rolls_of_ten_or_more(given: str) -> str:
    ways = defaultdict(list)
    for roll in itertools.product(range(1, 7), repeat=2):
        ways[sum(roll)].append(str(roll))
    count = sum(len(ways[total]) for total in (10, 11, 12))
    lines = [f"Total {total}: {', '.join(ways[total])}" for total in (10, 11, 12)]
    return "\n".join(lines) + (
        f"\nThese are {count} of the 36 equally likely outcomes, "
        f"so the probability is {count}/36 = {Fraction(count, 36)}."
    )


@gives("seed_task_148")
def towns_by_growth(given: str) -> str:
    growth = {}
    for row in given.splitlines()[1:]:
        town, before, after = row.split(",")
        growth[town] = 100 * (int(after) - int(before)) / int(before)
    ranked = sorted(growth, key=lambda town: -growth[town])
    return "\n".join(f"{k}. {town}: {growth[town]:.1f}%" for k, town in enumerate(ranked, 1))


@gives("seed_task_73")
def nights(given: str) -> str:
    days = []
    for day, month, year in re.findall(r"(\d+) (\w+) (\d{4})", given):
        days.append(datetime.date(int(year), MONTHS.index(month) + 1, int(day)))
    return str((days[1] - days[0]).days)


@gives("seed_task_69")
def votes(given: str) -> str:
    counted = sorted(Counter(given.split(", ")).items(), key=lambda pair: (-pair[1], pair[0]))
    return table(("Place", "Votes"), ("---", "---:"), counted)


@gives("seed_task_30")
def sums_of_square(given: str) -> str:
    rows = [[int(cell) for cell in line.split()] for line in given.splitlines()]
    size = range(len(rows))
    sums = [
        [sum(row) for row in rows],
        [sum(column) for column in zip(*rows, strict=True)],
        [sum(rows[k][k] for k in size), sum(rows[k][-1 - k] for k in size)],
    ]
    lines = [
        f"{name}: {', '.join(map(str, found))}"
        for name, found in zip(("Rows", "Columns", "Diagonals"), sums, strict=True)
    ]
    magic = len({value for found in sums for value in found}) == 1
    verdict = "Yes, the sums are all equal." if magic else "No, the sums are not all equal."
    return "\n".join([*lines, verdict])


@holds("seed_task_29")
def area_by_shoelace(given: str, output: str) -> None:
    flat = [int(number) for number in numbers(given)]
    corners = list(zip(flat[::2], flat[1::2], strict=True))
    products = [
        a * d - c * b for (a, b), (c, d) in zip(corners, corners[1:] + corners[:1], strict=True)
    ]
    assert numbers(output) == [*products, sum(products), abs(sum(products)) / 2]


@holds("seed_task_51")
def first_wrong_line(given: str, output: str) -> None:
    def solution(line: str) -> Fraction:
        left, right = (re.sub(r"(\d)(?=[x(])", r"\1*", side) for side in line.split("="))
        at = [Fraction(eval(f"({left})-({right})", {"x": x})) for x in (0, 1)]
        return at[0] / (at[0] - at[1])

    handed_in = [solution(line) for line in given.splitlines()]
    assert handed_in[0] != handed_in[1] == handed_in[2] == handed_in[3]
    assert output.startswith("The second line is wrong")
    repaired = output.splitlines()[1:]
    assert {solution(line) for line in repaired} == {handed_in[0]}
    assert repaired[-1] == f"x = {handed_in[0]}"


# Puzzles


@holds("seed_task_85")
def eleven_minutes_pass(given: str, output: str) -> None:
    small, big = 5, 8
    *turns, end = (int(minute) for minute in re.findall(r"minute (\d+)", output))
    on_top, clock = small, 0
    for minute in turns:
        on_top = small - max(0, on_top - (minute - clock))
        clock = minute
    assert turns == [small, big]
    assert clock + on_top == end == 11
    assert f"{on_top} minutes of sand have run" in output


@gives("seed_task_98")
def only_filling(given: str) -> str:
    cells = given.split()

    def fillings(done: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        here = len(done)
        if here == 16:
            yield done
            return
        for digit in "1234" if cells[here] == "." else cells[here]:
            if not any(
                other == digit
                and (
                    there // 4 == here // 4
                    or there % 4 == here % 4
                    or (there // 8, there % 4 // 2) == (here // 8, here % 4 // 2)
                )
                for there, other in enumerate(done)
            ):
                yield from fillings((*done, digit))

    filled = only(fillings(()))
    return "\n".join(" ".join(filled[start : start + 4]) for start in range(0, 16, 4))


@gives("seed_task_143")
def digits_of_letters(given: str) -> str:
    letters = list(dict.fromkeys(re.findall("[A-Z]", given)))
    numbers_spelt = re.findall("[A-Z]+", given)

    def fits(digits: tuple[int, ...]) -> bool:
        digit = dict(zip(letters, digits, strict=True))
        values = [int("".join(str(digit[letter]) for letter in word)) for word in numbers_spelt]
        return all(digit[word[0]] for word in numbers_spelt) and values[0] + values[1] == values[2]

    solved = only(filter(fits, itertools.permutations(range(10), len(letters))))
    return ", ".join(f"{name} = {digit}" for name, digit in zip(letters, solved, strict=True))


@holds("seed_task_173")
def culprit_with_one_true_statement(given: str, output: str) -> None:
    def truthful(culprit: str) -> list[str]:
        speakers = []
        for speaker, statement in re.findall(r"^(\w+): (.+)\.$", given, re.M):
            accused = re.fullmatch(r"(\w+) ate it", statement)
            if accused[1] == culprit if accused else speaker != culprit:
                speakers.append(speaker)
        return speakers

    people = re.findall(r"^(\w+):", given, re.M)
    culprit = only((name,) for name in people if len(truthful(name)) == 1)[0]
    assert output.endswith(f"So it was {culprit}.")
    assert truthful("Ada") == ["Ben", "Cleo"]
    assert truthful("Ben") == ["Ada", "Cleo"]
    assert truthful("Cleo") == ["Ben"]


@gives("seed_task_114")
def decoded_morse(given: str) -> str:
    signs = words(
        ".- -... -.-. -.. . ..-. --. .... .. .--- -.- .-.. -- "
        "-. --- .--. --.- .-. ... - ..- ...- .-- -..- -.-- --.."
    )
    letters = {sign: chr(ord("A") + place) for place, sign in enumerate(signs)}
    return " ".join("".join(letters[s] for s in word.split()) for word in given.split(" / "))


@gives("seed_task_53")
def shifts_with_all_wishes(given: str) -> str:
    shifts = given.splitlines()[0].removeprefix("Shifts: ").split(", ")
    ayla, bo, carl, dina = only(
        chosen
        for chosen in itertools.permutations(shifts)
        if "evening" not in chosen[0] and "Saturday" not in chosen[1] and "Sunday" in chosen[2]
    )
    helpers = {ayla: "Ayla", bo: "Bo", carl: "Carl", dina: "Dina"}
    return "\n".join(f"{shift}: {helpers[shift]}" for shift in shifts)


@gives("seed_task_67")
def place_of_robot(given: str) -> str:
    x, y, facing = 0, 0, 0
    for command in given:
        if command == "F":
            east, north = ((0, 1), (1, 0), (0, -1), (-1, 0))[facing]
            x, y = x + east, y + north
        else:
            facing = (facing + {"R": 1, "L": -1}[command]) % 4
    return f"({x}, {y}), facing {('north', 'east', 'south', 'west')[facing]}"


# Code


@holds("seed_task_100")
def guards_change_nothing(given: str, output: str) -> None:
    before, after = function(given, "shipping"), function(output, "shipping")
    for items, country, total in itertools.product(([], [1]), ("home", "away"), (49, 50, 51)):
        order = {"items": items, "country": country, "total": total}
        assert before(order) == after(order)
    for node in ast.walk(ast.parse(output)):
        if isinstance(node, ast.If):
            inside = [inner for child in node.body + node.orelse for inner in ast.walk(child)]
            assert not any(isinstance(inner, ast.If) for inner in inside)


@holds("seed_task_78")
def brackets_agree_with_removing_pairs(given: str, output: str) -> None:
    is_balanced = function(output, "is_balanced")
    for length in range(6):
        for characters in itertools.product("()[]{}x", repeat=length):
            text = "".join(characters)
            left = text.replace("x", "")
            for _ in range(length):
                left = left.replace("()", "").replace("[]", "").replace("{}", "")
            assert is_balanced(text) is (left == "")


@holds("seed_task_25")
def kitchen_wages_rise(given: str, output: str) -> None:
    staff = [
        (1, "A", "kitchen", 20.0, "2019-12-31"),
        (2, "B", "kitchen", 20.0, "2020-01-01"),
        (3, "C", "bar", 20.0, "2015-05-05"),
    ]
    with contextlib.closing(sqlite3.connect(":memory:")) as database:
        database.execute("CREATE TABLE staff(id, name, department, hourly_wage, hired)")
        database.executemany("INSERT INTO staff VALUES (?, ?, ?, ?, ?)", staff)
        database.execute(output)
        wages = [wage for (wage,) in database.execute("SELECT hourly_wage FROM staff ORDER BY id")]
    assert wages == [21.0, 20.0, 20.0]


@holds("seed_task_110")
def customers_with_zero_appear(given: str, output: str) -> None:
    tables = (
        "CREATE TABLE customer(id, name); CREATE TABLE orders(id, customer_id);"
        "INSERT INTO customer VALUES (1, 'A'), (2, 'B'), (3, 'A');"
        "INSERT INTO orders VALUES (7, 1), (8, 1), (9, 3);"
    )
    assert sorted(queried(tables, given)) == [("A", 1), ("A", 2)]
    assert sorted(queried(tables, output)) == [("A", 1), ("A", 2), ("B", 0)]


@holds("seed_task_127")
def regex_accepts_clock_times_only(given: str, output: str) -> None:
    pattern = re.compile(output)
    for hours, rest in itertools.product(range(100), repeat=2):
        clock = f"{hours:02}:{rest:02}"
        assert bool(pattern.search(clock)) is (hours < 24 and rest < 60)
    for text in ("7:45", "07.45", "007:45", "07:455", " 07:45", "07:45 ", "0745", ""):
        assert not pattern.search(text)


@holds("seed_task_86")
def loop_renames(given: str, output: str) -> None:
    with tempfile.TemporaryDirectory() as place:
        for names in ((), ("a.jpeg", "two words.jpeg", "-n.jpeg", "jpeg.png", "b.jpg")):
            for name in names:
                (Path(place) / name).touch()
            ran = subprocess.run(["bash", "-c", output], cwd=place, check=True, capture_output=True)
            assert ran.stderr == b""
        found = sorted(path.name for path in Path(place).iterdir())
    assert found == ["-n.jpg", "a.jpg", "b.jpg", "jpeg.png", "two words.jpg"]
    with tempfile.TemporaryDirectory() as place:
        for name in ("a.jpeg", "a.jpg"):
            (Path(place) / name).write_text(name)
        subprocess.run(["bash", "-c", output], cwd=place, check=False, capture_output=True)
        assert (Path(place) / "a.jpg").read_text() == "a.jpg"
        assert (Path(place) / "a.jpeg").read_text() == "a.jpeg"


@holds("seed_task_24")
def every_window_is_averaged(given: str, output: str) -> None:
    before, after = function(given, "moving_average"), function(output, "moving_average")
    values = [4, 8, 6, 2, 10]
    for size in range(1, 6):
        windows = [values[start : start + size] for start in range(6 - size)]
        averages = [sum(window) / size for window in windows]
        assert after(values, size) == averages
        assert before(values, size) == averages[:-1]


@holds("seed_task_81")
def only_hints_and_docstring_are_new(given: str, output: str) -> None:
    plain, annotated = ast.parse(given).body[0], ast.parse(output).body[0]
    assert isinstance(annotated, ast.FunctionDef)
    assert "\n" not in (ast.get_docstring(annotated) or "\n")
    assert annotated.returns is not None
    annotated.returns = None
    del annotated.body[0]
    for argument in annotated.args.args:
        assert argument.annotation is not None
        argument.annotation = None
    assert ast.unparse(annotated) == ast.unparse(plain)
    assert function(output, "initials")(["Ada King Lovelace"]) == ["A.K.L"]


@holds("seed_task_142")
def digital_roots(given: str, output: str) -> None:
    digital_root = function(output, "digital_root")
    for number in range(2000):
        assert digital_root(number) == (1 + (number - 1) % 9 if number else 0)


@holds("seed_task_44")
def first_repeated_word_is_the_same(given: str, output: str) -> None:
    before, after = function(given, "first_repeated"), function(output, "first_repeated")
    for length in range(6):
        for chosen in itertools.product("abc", repeat=length):
            assert before(list(chosen)) == after(list(chosen))

    class Counted(str):
        compared = 0

        def __eq__(self, other: object) -> bool:
            Counted.compared += 1
            return super().__eq__(other)

        __hash__ = str.__hash__

    def comparisons(first_repeated: Callable[..., Any], length: int) -> int:
        Counted.compared = 0
        assert first_repeated([Counted(number) for number in range(length)]) is None
        return Counted.compared

    assert comparisons(before, 400) > 400 * 100
    assert comparisons(after, 400) <= 400


@gives("seed_task_82")
def what_the_snippet_prints(given: str) -> str:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        run_code(given)
    return printed.getvalue().strip()


@holds("seed_task_153")
def injection_is_closed(given: str, output: str) -> None:
    name = "' OR '1'='1"
    assert name in output
    repaired = output[output.index("def find_user") :]
    with contextlib.closing(sqlite3.connect(":memory:")) as database:
        database.execute("CREATE TABLE users(id, email, name)")
        database.execute("INSERT INTO users VALUES (1, 'ida@example.com', 'Ida')")
        for source, found in ((given, (1, "ida@example.com")), (repaired, None)):
            find_user = function(source, "find_user")
            assert find_user(database.cursor(), "Ida") == (1, "ida@example.com")
            assert find_user(database.cursor(), name) == found


@holds("seed_task_63")
def dotted_keys(given: str, output: str) -> None:
    def flat(value: Any, path: tuple[str, ...] = ()) -> dict[str, Any]:
        if not isinstance(value, dict):
            return {".".join(path): value}
        parts = [flat(inner, (*path, key)) for key, inner in value.items()]
        return {key: inner for part in parts for key, inner in part.items()}

    assert json.loads(output) == flat(json.loads(given))


@holds("seed_task_118")
def form_is_labelled(given: str, output: str) -> None:
    tags: dict[str, list[dict[str, str | None]]] = defaultdict(list)
    closed = []

    class Form(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            tags[tag].append(dict(attrs))

        def handle_endtag(self, tag: str) -> None:
            closed.append(tag)

    Form().feed(output)
    assert sorted(tags) == ["button", "form", "input", "label"]
    assert closed == ["label", "button", "form"]
    assert all(len(found) == 1 for found in tags.values())
    assert tags["input"][0]["type"] == "email"
    assert tags["label"][0]["for"] == tags["input"][0]["id"]


@gives("seed_task_71")
def iso_dates(given: str) -> str:
    dates = []
    for day, month, year in re.findall(rf"(\d+) ({'|'.join(MONTHS)}) (\d{{4}})", given):
        dates.append(datetime.date(int(year), MONTHS.index(month) + 1, int(day)).isoformat())
    return "\n".join(sorted(dates))


@gives("seed_task_95")
def slowest_paths(given: str) -> str:
    times = defaultdict(list)
    for line in given.splitlines():
        _, path, milliseconds = line.split()
        times[path].append(int(milliseconds))
    average = {path: sum(found) / len(found) for path, found in times.items()}
    slowest = sorted(average, key=lambda path: -average[path])
    return "\n".join(f"{path}: {average[path]:g}" for path in slowest)


@holds("seed_task_66")
def collatz_sequences(given: str, output: str) -> None:
    collatz = function(output, "collatz")
    assert list(itertools.islice(collatz(1), 9)) == [1]
    for start in range(1, 60):
        values = list(itertools.islice(collatz(start), 1000))
        assert values[0] == start
        assert values.index(1) == len(values) - 1
        for value, following in itertools.pairwise(values):
            assert following == (3 * value + 1 if value % 2 else value // 2)


@gives("seed_task_116")
def comparisons_of_first_pass(given: str) -> str:
    values = [int(value) for value in given.split()]
    shown = []
    for place in range(len(values) - 1):
        values[place : place + 2] = sorted(values[place : place + 2])
        shown.append(" ".join(map(str, values)))
    return "\n".join(shown)


# Text and data


@gives("seed_task_140")
def masked_cards(given: str) -> str:
    return re.sub(r"\b(?:\d{4} ){3}(\d{4})\b", r"**** **** **** \1", given)


@gives("seed_task_131")
def metric_text(given: str) -> str:
    units = {"miles": (1.609344, "kilometres"), "feet": (0.3048, "metres")}
    units["pounds"] = (0.45359237, "kilograms")

    def metric(found: re.Match[str]) -> str:
        factor, name = units[found[2]]
        return f"{int(found[1]) * factor:.0f} {name}"

    return re.sub(r"(\d+) (miles|feet|pounds)", metric, given)


@gives("seed_task_43")
def anonymous_statement(given: str) -> str:
    names = list(dict.fromkeys(re.findall(r"[A-Z][a-z]+", given)))
    return re.sub(r"[A-Z][a-z]+", lambda name: f"Person {'ABCDE'[names.index(name[0])]}", given)


@gives("seed_task_92")
def merged_shopping_list(given: str) -> str:
    amounts: Counter[tuple[str, str]] = Counter()
    for line in given.splitlines():
        for item in line.split(": ")[1].split(", "):
            amount, *unit, goods = item.split()
            amounts[goods, "".join(f"{name} " for name in unit)] += int(amount)
    return "\n".join(f"{amounts[key]} {key[1]}{key[0]}" for key in sorted(amounts))


@gives("seed_task_48")
def every_fifth_word_blank(given: str) -> str:
    passage = given.split()
    missing = sorted(passage[4::5])
    passage[4::5] = ["____"] * len(missing)
    return f"{' '.join(passage)}\n\nMissing words: {', '.join(missing)}"


@gives("seed_task_64")
def latin_place_names(given: str) -> str:
    plain = "".join(
        character
        for character in unicodedata.normalize("NFD", given)
        if not unicodedata.combining(character)
    )
    return plain.translate(str.maketrans("ΠατρΚβλΛμιΤποη", "PatrKvlLmiTpoi"))


@gives("seed_task_120")
def spoken_code(given: str) -> str:
    letters = words(
        "Alfa Bravo Charlie Delta Echo Foxtrot Golf Hotel India Juliett Kilo Lima Mike November "
        "Oscar Papa Quebec Romeo Sierra Tango Uniform Victor Whiskey X-ray Yankee Zulu"
    )
    digits = words("Zero One Two Three Four Five Six Seven Eight Nine")
    spoken = {word[0]: word for word in letters} | {str(k): word for k, word in enumerate(digits)}
    return " ".join(spoken[character] for character in given)


@gives("seed_task_87")
def minor_scale(given: str) -> str:
    natural = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
    names = list(natural)
    first, root = names.index(given[0]), natural[given[0]] + given.count("#")
    notes = []
    for step, semitones in enumerate((0, 2, 3, 5, 7, 8, 10)):
        name = names[(first + step) % 7]
        sharps = (root + semitones - natural[name]) % 12
        assert sharps <= 1
        notes.append(name + "#" * sharps)
    return " ".join(notes)


@gives("seed_task_129")
def twenty_four_hour_times(given: str) -> str:
    def shown(found: re.Match[str]) -> str:
        hours = int(found[1]) % 12 + (12 if found[3] == "pm" else 0)
        return f"{hours:02}:{found[2]}"

    return re.sub(r"(\d+):(\d\d) ([ap]m)", shown, given)


@gives("seed_task_174")
def transposed_table(given: str) -> str:
    rows = [line.strip("| ").split(" | ") for line in given.splitlines()]
    del rows[1]
    head, *rest = map(list, zip(*rows, strict=True))
    return table(head, ["---"] * len(head), rest)


@gives("seed_task_37")
def versions_in_order(given: str) -> str:
    return ", ".join(
        sorted(given.split(", "), key=lambda version: [int(part) for part in version.split(".")])
    )


# Science, business and everyday numbers


@gives("seed_task_103")
def mass_of_compound(given: str) -> str:
    masses = {"H": 1, "C": 12, "N": 14, "O": 16, "S": 32}
    opened = re.sub(r"\((\w+)\)(\d+)", lambda group: group[1] * int(group[2]), given)
    counts: Counter[str] = Counter()
    for element, count in re.findall(r"([A-Z])(\d*)", opened):
        counts[element] += int(count or 1)
    lines = [f"{e}: {n} x {masses[e]} = {n * masses[e]}" for e, n in counts.items()]
    total = sum(n * masses[element] for element, n in counts.items())
    return "\n".join([*lines, f"Total: {total} g/mol"])


@holds("seed_task_31")
def depth_of_fall(given: str, output: str) -> None:
    (seconds,) = numbers(given)
    depth = 0.5 * 9.8 * seconds**2
    equations_hold(output, 1)
    assert f"{seconds}^2 = {depth:g}" in output
    assert f"{depth:.0f} m" in output


@gives("seed_task_134")
def periods_in_order(given: str) -> str:
    scale = words(
        "Cambrian Ordovician Silurian Devonian Carboniferous Permian Triassic Jurassic "
        "Cretaceous Paleogene Neogene Quaternary"
    )
    return ", ".join(sorted(given.split(", "), key=scale.index))


@holds("seed_task_84")
def monthly_costs(given: str, output: str) -> None:
    *plans, usage = given.splitlines()
    costs = {}
    for plan in plans:
        base, free, price = numbers(plan.split(": ")[1])
        costs[plan[5]] = base + (numbers(usage)[0] - free) * price
    cheap, dear = sorted(costs, key=lambda plan: costs[plan])
    equations_hold(output, 2)
    for cost in costs.values():
        assert f" = {cost:.2f}" in output
    assert output.endswith(f"Plan {cheap} is cheaper by {costs[dear] - costs[cheap]:.2f} a month.")


@gives("seed_task_36")
def unmatched_entries(given: str) -> str:
    book, bank = (line.split(": ")[1].split("; ") for line in given.splitlines())
    in_book = [entry for entry in book if entry not in bank]
    in_bank = [entry for entry in bank if entry not in book]
    return (
        f"Only in the cash book: {'; '.join(in_book)}\n"
        f"Only in the bank statement: {'; '.join(in_bank)}"
    )


@gives("seed_task_54")
def invoice(given: str) -> str:
    rows: list[tuple[object, ...]] = []
    subtotal = Fraction(0)
    for line in given.splitlines():
        found = re.fullmatch(r"(\d+) x (.+) at (\d+\.\d\d)", line)
        assert found
        total = int(found[1]) * Fraction(found[3])
        rows.append((found[1], found[2], found[3], f"{float(total):.2f}"))
        subtotal += total
    for name, amount in (
        ("Subtotal", subtotal),
        ("VAT 20%", subtotal / 5),
        ("Amount due", subtotal * 6 / 5),
    ):
        rows.append(("", name, "", f"{float(amount):.2f}"))
    head = ("Quantity", "Item", "Price", "Total")
    return table(head, ("---:", "---", "---:", "---:"), rows)


@holds("seed_task_124")
def last_train_that_is_early_enough(given: str, output: str) -> None:
    meeting, *clocks = re.findall(r"\d+:\d\d", given)
    trains = list(zip(clocks[::2], clocks[1::2], strict=True))
    walk = int(numbers(given.splitlines()[0].split(", ")[1])[0])
    in_time = [train for train in trains if minutes(train[1]) + walk <= minutes(meeting)]
    departure, arrival = max(in_time, key=lambda train: minutes(train[0]))
    there = minutes(arrival) + walk
    assert output.startswith(f"Take the {departure}. It arrives at {arrival},")
    assert f"you are there at {there // 60}:{there % 60:02}" in output
    after = trains[trains.index((departure, arrival)) + 1]
    assert output.endswith(f"the {after[0]}, arrives only at {after[1]}.")


@gives("seed_task_47")
def starts_of_dishes(given: str) -> str:
    starts = []
    for line in given.splitlines():
        dish, steps = line.split(": ")
        start = minutes("19:30") - int(sum(numbers(steps)))
        starts.append((start, dish))
    return "\n".join(f"{start // 60}:{start % 60:02} {dish}" for start, dish in sorted(starts))


@gives("seed_task_167")
def table_after_results(given: str) -> str:
    head, *rows, results = given.splitlines()
    points: dict[str, list[int]] = {}
    for row in rows:
        team, played, score = row.split(",")
        points[team] = [int(played), int(score)]
    for home, scored, conceded, away in re.findall(r"([A-Z]\w+) (\d)-(\d) (\w+)", results):
        for team, goals, against in ((home, scored, conceded), (away, conceded, scored)):
            points[team][0] += 1
            points[team][1] += 3 if goals > against else int(goals == against)
    ranked = sorted(points, key=lambda team: -points[team][1])
    return "\n".join([head, *(f"{team},{points[team][0]},{points[team][1]}" for team in ranked)])


@gives("seed_task_101")
def steps_of_dose(given: str) -> str:
    weight, per_kilogram, milligrams, millilitres = numbers(given)
    dose, strength = weight * per_kilogram, milligrams / millilitres
    return (
        f"Dose: {weight:g} * {per_kilogram:g} = {dose:g} mg\n"
        f"Strength of the syrup: {milligrams:g} / {millilitres:g} = {strength:g} mg per ml\n"
        f"Volume: {dose:g} / {strength:g} = {dose / strength:g} ml"
    )
