"""Recomputes the user-oriented tasks 60 to 119 that are marked `checked_by: code`."""

import itertools
import json
import math
import random
import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import cast

from tests.seeds.checked import gives, holds, run_code


def day_and_month(day: date) -> str:
    return f"{day.day} {day:%B}"


def percentage(share: Fraction) -> str:
    tenths = Decimal(share.numerator * 100) / Decimal(share.denominator)
    return f"{tenths.quantize(Decimal('0.1'), ROUND_HALF_UP)} %"


@gives("user_oriented_task_60")
def insurance_payouts(given: str) -> str:
    first, second, *claims = given.splitlines()
    deductible = Decimal(first.split()[1])
    limits = {name: Decimal(limit) for name, limit in re.findall(r"(\w+) ([\d.]+)", second)}
    lines, total = ["| Claim | Payout |", "| --- | ---: |"], Decimal(0)
    for claim in claims:
        number, category, damage = claim.split(", ")
        payout = min(max(Decimal(damage) - deductible, Decimal(0)), limits[category])
        lines.append(f"| {number} | {payout:.2f} |")
        total += payout
    return "\n".join([*lines, "", f"Total: {total:.2f}"])


@gives("user_oriented_task_61")
def average_blood_pressure(given: str) -> str:
    first, *days = given.splitlines()
    readings = [re.findall(r"(\d+)/(\d+)", day) for day in days]
    pairs = [(int(upper), int(lower)) for day in readings for upper, lower in day]
    upper = round(sum(pair[0] for pair in pairs) / len(pairs))
    lower = round(sum(pair[1] for pair in pairs) / len(pairs))
    average = f"Average without {first.split()[0]}: {upper}/{lower}."
    verdict = "Neither value reaches" if upper < 135 and lower < 85 else "A value reaches"
    return f"{average} {verdict} the home limit of 135/85."


@gives("user_oriented_task_62")
def unused_defined_terms(given: str) -> str:
    terms = re.findall(r'"([^"]+)"', given)
    rest = re.sub(r'"[^"]+"', "", given)
    return "\n".join(sorted(t for t in terms if not re.search(rf"\b{re.escape(t)}\b", rest)))


@gives("user_oriented_task_63")
def cheaper_flat(given: str) -> str:
    lines, costs = [], {}
    for line in given.splitlines():
        name, offer = line.split(": ", 1)
        rent, service = (int(amount) for amount in re.findall(r"(\d+) a month", offer))
        (once,) = (int(amount) for amount in re.findall(r"(\d+) once", offer))
        paid = 23 if "first month free of rent" in offer else 24
        costs[name] = paid * rent + 24 * service + once
        lines.append(f"{name}: {paid} x {rent} + 24 x {service} + {once} = {costs[name]}")
    (cheap, low), (_, high) = sorted(costs.items(), key=lambda item: item[1])
    return "\n".join([*lines, f"{cheap} is cheaper by {high - low} over the two years."])


@gives("user_oriented_task_64")
def double_charges(given: str) -> str:
    rows = [line.split(", ") for line in given.splitlines()]
    pairs = []
    for (first, shop, amount), (second, *same) in itertools.combinations(rows, 2):
        (day, month), (later, same_month) = first.split(), second.split()
        assert month == same_month == "May"
        if same == [shop, amount] and int(later) - int(day) <= 2:
            pairs.append(f"- {shop}, {amount}: {first} and {second}")
    return "\n".join(pairs)


@gives("user_oriented_task_65")
def tax_by_slice(given: str) -> str:
    *brackets, last = given.splitlines()
    income = int(last.split(": ")[1])
    floor, tax, lines = 0, Fraction(0), []
    for bracket in brackets:
        bounds, rate = re.sub(" %", "", bracket).split(": ")
        top = income if bounds.startswith("above") else int(bounds.split()[-1])
        part = max(min(income, top) - floor, 0)
        due = Fraction(part * int(rate), 100)
        lines.append(f"{part} at {rate} %: {due}")
        tax, floor = tax + due, top
    return "\n".join([*lines, f"Tax due: {tax}", f"Average rate: {percentage(tax / income)}"])


@gives("user_oriented_task_67")
def leave_balances(given: str) -> str:
    first, second, *requests = given.splitlines()
    balances = {name: int(days) for name, days in re.findall(r"(\w+) (\d+)", first)}
    holiday = date.fromisoformat(second.split(": ")[1])
    lines = ["name,days_taken,balance"]
    for request in requests:
        name, span = request.split(": ")
        start, end = (date.fromisoformat(day) for day in span.split(" to "))
        days = [start + timedelta(days=n) for n in range((end - start).days + 1)]
        taken = sum(day.weekday() < 5 and day != holiday for day in days)
        lines.append(f"{name},{taken},{balances[name] - taken}")
    return "\n".join(lines)


@holds("user_oriented_task_69")
def quotes_are_verbatim(given: str, output: str) -> None:
    cues = {
        "battery": r"battery|charge",
        "suction": r"suction",
        "noise": r"noise|loud|howls",
        "price": r"price|cost|cheap|money|euro|dollar|€|\$",
    }
    sentences = re.findall(r"[^.]+\.", given)
    quotes = json.loads(output)
    assert list(quotes) == list(cues)
    for aspect, quote in quotes.items():
        about = [s.strip() for s in sentences if re.search(cues[aspect], s, re.IGNORECASE)]
        assert about == ([] if quote is None else [quote])


@holds("user_oriented_task_70")
def posts_are_short_and_few(given: str, output: str) -> None:
    def posts_needed(total: int) -> int:
        count, current = 1, ""
        for word in given.split():
            longer = f"{current} {word}".strip()
            if len(f"{longer} ({count}/{total})") > 120:
                count, longer = count + 1, word
            current = longer
        return count

    fewest = next(total for total in range(1, 10) if posts_needed(total) <= total)
    posts = output.splitlines()
    assert len(posts) == fewest
    for number, post in enumerate(posts, 1):
        assert len(post) <= 120
        assert post.endswith(f" ({number}/{fewest})")
    assert " ".join(re.sub(r" \(\d/\d\)$", "", post) for post in posts) == given


@gives("user_oriented_task_72")
def chapter_markers(given: str) -> str:
    start, lines = 0, []
    for segment in given.splitlines():
        title, length = segment.rsplit(" ", 1)
        hours, rest = divmod(start, 3600)
        minutes, seconds = divmod(rest, 60)
        clock = f"{hours}:{minutes:02}" if hours else f"{minutes}"
        lines.append(f"{clock}:{seconds:02} {title}")
        start += int(length.split(":")[0]) * 60 + int(length.split(":")[1])
    return "\n".join(lines)


@gives("user_oriented_task_73")
def league_table(given: str) -> str:
    margins: dict[str, list[int]] = {}
    for home, a, b, away in re.findall(r"(\w+) (\d+)-(\d+) (\w+)", given):
        margins.setdefault(home, []).append(int(a) - int(b))
        margins.setdefault(away, []).append(int(b) - int(a))
    rows = []
    for team, results in margins.items():
        won, drawn = sum(m > 0 for m in results), results.count(0)
        rows.append((3 * won + drawn, sum(results), team, won, drawn, len(results) - won - drawn))
    table = ["| Team | W | D | L | GD | Pts |", "| --- | --- | --- | --- | --- | --- |"]
    for points, difference, team, won, drawn, lost in sorted(rows, reverse=True):
        table.append(f"| {team} | {won} | {drawn} | {lost} | {difference:+} | {points} |")
    return "\n".join(table)


@gives("user_oriented_task_75")
def sowing_dates(given: str) -> str:
    first, *crops = given.splitlines()
    frost = date.fromisoformat(first.split(": ")[1])
    rows = []
    for crop in crops:
        name, place, weeks, side = re.findall(r"(\w+): (\w+), (\d+) weeks? (\w+)", crop)[0]
        shift = timedelta(weeks=int(weeks))
        rows.append((frost - shift if side == "before" else frost + shift, name, place))
    return "\n".join(f"{day_and_month(day)}, {name}, {place}" for day, name, place in sorted(rows))


@gives("user_oriented_task_76")
def food_change(given: str) -> str:
    ration = int(re.findall(r"ration: (\d+)", given)[0])
    shares = re.findall(r"(\d+) % on days? (\d)(?: and (\d))?", given)
    table = ["| Day | Old food (g) | New food (g) |", "| --- | ---: | ---: |"]
    sum_old = sum_new = 0
    for share, *days in shares:
        new = ration * int(share) // 100
        for day in filter(None, days):
            table.append(f"| {day} | {ration - new} | {new} |")
            sum_old, sum_new = sum_old + ration - new, sum_new + new
    return "\n".join([*table, f"| Total | {sum_old} | {sum_new} |"])


@gives("user_oriented_task_78")
def tins_of_paint(given: str) -> str:
    length, width, height, *rest = (Decimal(n) for n in re.findall(r"\d+(?:\.\d+)?", given))
    door_w, door_h, window_w, window_h, coats, coverage, tin = rest
    area = 2 * (length + width) * height - door_w * door_h - window_w * window_h
    litres = area * coats / coverage
    tins = math.ceil(litres / tin)
    return (
        f"Walls without openings: {area:.2f} m²\nTwo coats need {litres:.2f} litres.\n"
        f"Buy {tins} tins; {tins * tin - litres:.1f} litres will be left over."
    )


SHARPS = ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"]


@gives("user_oriented_task_79")
def roman_numerals(given: str) -> str:
    key, chords = re.findall(r"Key: (\S+) major\nChords: (.+)", given)[0]
    steps = {0: "I", 2: "II", 4: "III", 5: "IV", 7: "V", 9: "VI", 11: "VII"}
    numerals = []
    for root, kind in re.findall(r"([A-G]#?)(dim|m|7)?(?: |$)", chords):
        numeral = steps[(SHARPS.index(root) - SHARPS.index(key)) % 12]
        small = numeral.lower()
        numerals.append({"dim": small + "°", "m": small, "7": numeral + "7", "": numeral}[kind])
    return " ".join(numerals)


@gives("user_oriented_task_83")
def chances_of_the_rogue(given: str) -> str:
    lines, chances = [], {}
    pattern = r"(\w+): (\d+)d(\d+) \+ (\d+), needs (\d+) or more"
    for name, dice, faces, bonus, target in re.findall(pattern, given):
        rolls = list(itertools.product(range(1, int(faces) + 1), repeat=int(dice)))
        wins = sum(sum(roll) + int(bonus) >= int(target) for roll in rolls)
        chances[name] = Fraction(wins, len(rolls))
        lines.append(f"{name}: {chances[name]}, {percentage(chances[name])}")
    best = max(chances, key=lambda name: chances[name])
    return "\n".join([*lines, f"Recommended: {best}"])


@gives("user_oriented_task_84")
def bishop_moves(given: str) -> str:
    white, black = (set(re.findall(r"[a-h][1-8]", line)) for line in given.splitlines())
    start = re.findall(r"B([a-h][1-8])", given.splitlines()[0])[0]
    moves = {}
    for across, up in itertools.product((-1, 1), repeat=2):
        column, row = ord(start[0]), int(start[1])
        while True:
            column, row = column + across, row + up
            square = f"{chr(column)}{row}"
            if not re.fullmatch("[a-h][1-8]", square) or square in white:
                break
            moves[square] = "Bx" if square in black else "B"
            if square in black:
                break
    return ", ".join(moves[square] + square for square in sorted(moves))


@gives("user_oriented_task_85")
def fitting_words(given: str) -> str:
    words = given.split(", ")
    return ", ".join(sorted(word for word in words if re.fullmatch("[a-z]a[a-z]t[ou]r[a-z]", word)))


@gives("user_oriented_task_87")
def decimal_degrees(given: str) -> str:
    lines = []
    for line in given.splitlines():
        place, position = line.split(": ")
        values = []
        for degrees, minutes, seconds, side in re.findall(r"(\d+)°(\d+)'(\d+)\"(.)", position):
            value = int(degrees) + int(minutes) / 60 + int(seconds) / 3600
            values.append(f"{-value if side in 'SW' else value:.4f}")
        lines.append(f"{place}: {', '.join(values)}")
    return "\n".join(lines)


@gives("user_oriented_task_89")
def seating_at_two_tables(given: str) -> str:
    first, *wishes = given.splitlines()
    guests = first.removeprefix("Guests: ").split(", ")
    found = []
    for table in itertools.combinations(sorted(guests), 4):
        kept = all(
            ((a in table) == (b in table)) == (not apart)
            for a, apart, b in re.findall(r"- (\w+) (not )?with (\w+)", "\n".join(wishes))
        )
        if "Ada" in table and kept:
            others = sorted(set(guests) - set(table))
            found.append(f"Table 1: {', '.join(table)}\nTable 2: {', '.join(others)}")
    (only,) = found
    return only


@gives("user_oriented_task_92")
def chargeable_weights(given: str) -> str:
    lines, total = ["carton,volumetric,chargeable"], Decimal(0)
    for name, *numbers in re.findall(r"(\w): (\d+) x (\d+) x (\d+) cm, ([\d.]+) kg", given):
        length, width, height, actual = (Decimal(number) for number in numbers)
        volumetric = length * width * height / 5000
        chargeable = Decimal(math.ceil(max(actual, volumetric) * 2)) / 2
        lines.append(f"{name},{volumetric:.1f},{chargeable:.1f}")
        total += chargeable
    return "\n".join([*lines, f"total,,{total:.1f}"])


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@gives("user_oriented_task_95")
def contrast_ratios(given: str) -> str:
    lines = []
    for pair in given.splitlines():
        dark, light = sorted(luminance(colour) for colour in pair.split(" on "))
        ratio = (light + 0.05) / (dark + 0.05)
        lines.append(f"{pair}: {ratio:.2f}, {'pass' if ratio >= 4.5 else 'fail'}")
    return "\n".join(lines)


@gives("user_oriented_task_96")
def last_day_for_the_reply(given: str) -> str:
    served, *closed = (date.fromisoformat(day) for day in re.findall(r"\d+-\d+-\d+", given))
    left = int(re.findall(r"(\d+) business days", given)[0])
    day = served
    while left:
        day += timedelta(days=1)
        left -= day.weekday() < 5 and day not in closed
    return f"{day:%A}, {day.day} {day:%B %Y}"


@gives("user_oriented_task_102")
def survey_summary(given: str) -> str:
    rows = []
    for statement, *numbers in re.findall(r"(.+): (\d+) (\d+) (\d+) (\d+) (\d+)", given):
        counts = [int(number) for number in numbers]
        share = 100 * sum(counts[3:]) / sum(counts)
        mean = sum(grade * count for grade, count in enumerate(counts, 1)) / sum(counts)
        rows.append((share, f"{statement},{share:.0f}%,{mean:.2f}"))
    return "\n".join(["statement,favourable,mean", *(row for _, row in sorted(rows))])


@gives("user_oriented_task_103")
def late_first_replies(given: str) -> str:
    limits = {name: int(minutes) for name, minutes in re.findall(r"(\w+) (\d+) min", given)}
    late = []
    for line in given.splitlines()[1:]:
        ticket, priority, opened, replied = line.split(", ")
        start, end = (
            datetime.fromisoformat(text.split(" ", 1)[1] + "+00:00") for text in (opened, replied)
        )
        delay = (end - start) // timedelta(minutes=1) - limits[priority]
        if delay > 0:
            late.append((delay, ticket))
    return "\n".join(f"{name}: {delay} minutes late" for delay, name in sorted(late, reverse=True))


@holds("user_oriented_task_105")
def hashtags_in_camel_case(given: str, output: str) -> None:
    words = {"sunday", "singing", "old", "brickworks", "free", "entry", "bring", "a", "friend"}
    assert output.lower() == given.lower()
    assert re.sub(r"#\w+", "", output) == re.sub(r"#\w+", "", given)
    for hashtag in re.findall(r"#(\w+)", output):
        parts = re.findall(r"[A-Z][a-z]*", hashtag)
        assert "".join(parts) == hashtag
        assert {part.lower() for part in parts} <= words


@gives("user_oriented_task_108")
def umpire_calls(given: str) -> str:
    server, receiver, points = (line.split(": ")[1] for line in given.splitlines())
    names = ["love", "15", "30", "40"]
    won, calls = {server: 0, receiver: 0}, []
    for winner in points.split(", "):
        won[winner] += 1
        a, b = won.values()
        leader = server if a > b else receiver
        if max(a, b) >= 4 and abs(a - b) >= 2:
            calls.append(f"game {leader}")
        elif min(a, b) >= 3:
            calls.append("deuce" if a == b else f"advantage {leader}")
        else:
            calls.append(f"{names[a]}-{'all' if a == b else names[b]}")
    assert [call.startswith("game") for call in calls].index(True) == len(calls) - 1
    return "\n".join(calls)


@gives("user_oriented_task_109")
def training_zones(given: str) -> str:
    rest, top = (int(n) for n in re.findall(r"rate: (\d+)", given))

    def beats(share: str) -> int:
        return math.floor(rest + (top - rest) * int(share) / 100 + 0.5)

    zones = re.findall(r"(\w+): (\d+) to (\d+) %", given)
    return "\n".join(f"{name}: {beats(low)} to {beats(high)}" for name, low, high in zones)


@holds("user_oriented_task_112")
def beaufort_numbers(_given: str, output: str) -> None:
    beaufort = cast(Callable[[float], int], run_code(output)["beaufort"])
    # The scale is defined by speed = 0.836 * number ** 1.5, with limits halfway between numbers.
    limits = [0.836 * (number - 0.5) ** 1.5 for number in range(1, 13)]
    for tenths in range(600):
        speed = tenths / 10
        assert beaufort(speed) == sum(speed > limit for limit in limits)
    for speed in (-0.1, -5.0):
        try:
            beaufort(speed)
        except ValueError:
            continue
        raise AssertionError("a negative speed was accepted")


@gives("user_oriented_task_114")
def written_for_b_flat_clarinet(given: str) -> str:
    natural = dict(zip("CDEFGAB", (0, 2, 4, 5, 7, 9, 11), strict=True))
    written = []
    for note in given.split():
        pitch = natural[note[0]] + note.count("#") - note[1:].count("b") + 2
        letter = "CDEFGAB"[("CDEFGAB".index(note[0]) + 1) % 7]
        accidental = (pitch - natural[letter] + 6) % 12 - 6
        written.append(letter + ("#" * accidental if accidental >= 0 else "b" * -accidental))
    return " ".join(written)


def scored_by_frames(frames: list[list[int]]) -> int:
    balls = [ball for frame in frames for ball in frame]
    score, thrown = 0, 0
    for number, frame in enumerate(frames, 1):
        thrown += len(frame)
        bonus = 0 if number == 10 or sum(frame) < 10 else 3 - len(frame)
        score += sum(frame) + sum(balls[thrown : thrown + bonus])
    return score


def random_frames(source: random.Random) -> list[list[int]]:
    frames = []
    for number in range(1, 11):
        first = source.choice([10, source.randint(0, 10)])
        frame = [first] if first == 10 else [first, source.randint(0, 10 - first)]
        if number == 10 and first == 10:
            second = source.randint(0, 10)
            frame += [second, source.randint(0, 10 if second == 10 else 10 - second)]
        elif number == 10 and sum(frame) == 10:
            frame.append(source.randint(0, 10))
        frames.append(frame)
    return frames


@holds("user_oriented_task_116")
def bowling_scores(_given: str, output: str) -> None:
    bowling_score = cast(Callable[[list[int]], int], run_code(output)["bowling_score"])
    assert bowling_score([10] * 12) == 300
    assert bowling_score([5] * 21) == 150
    assert bowling_score([0] * 20) == 0
    source = random.Random(116)
    for _ in range(300):
        frames = random_frames(source)
        balls = [ball for frame in frames for ball in frame]
        assert bowling_score(balls) == scored_by_frames(frames)
