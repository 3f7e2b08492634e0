"""Pages format nothing but their own words.

Streamlit renders most texts as Markdown, which loads pictures from wherever the text says. So
whatever a Streamlit call shows has to be made of words written in pages/ and of numbers, proved
by reading the code; only the arguments in PLAIN, which Streamlit shows as plain text or draws as
data, may hold anything else. What this reading does not understand, it refuses.

Own words are literals; f-strings of own words and of values with a format that a text does not
have, such as `:,` or `:d`; values of dictionaries with literal values; names that only ever stand
for own words; and what OWN lists.
"""

import ast
import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import streamlit as st

PAGES = Path(__file__).resolve().parent.parent / "pages"

PLAIN = {
    "text": {"body"},
    "code": {"body"},
    "json": {"body"},
    "dataframe": {"data"},
    "plotly_chart": {"figure_or_data"},
    "text_area": {"value"},
    "text_input": {"value"},
    # The options of a list are plain; those of st.radio and st.pills are Markdown.
    "selectbox": {"options", "format_func"},
}
# Arguments that are no text on the page.
UNSEEN = {
    *("accept_new_options", "anchor", "args", "border", "color", "config", "default", "disabled"),
    *("expanded", "gap", "height", "hide_index", "horizontal", "horizontal_alignment", "icon"),
    *("index", "key", "kwargs", "layout", "max_value", "min_value", "on_change", "on_click"),
    *("query_params", "run_every", "step", "type", "vertical_alignment", "width"),
}
UNSEEN_OF = {
    "number_input": {"value"},
    "checkbox": {"value"},
    "download_button": {"data", "file_name"},
    "dialog": {"on_dismiss"},
    "progress": {"value"},
    "navigation": {"pages"},  # their titles are arguments of st.Page
    "fragment": {"func"},  # what it shows is read like any other function
}
# What this reading cannot follow, with the reason why it is ours.
OWN = {
    "ROOT": "the folder of the checkout, for pictures of ours",
    "duration": "numbers that divmod gave, with units",
    "ago": "a duration, and words around it",
    "exact_time": "strftime with a literal format",
    "len": "a number",
    "int": "a number",
    "float": "a number",
}
# Functions of pages/ that format an argument: their calls are held to it as Streamlit's are.
CARRIERS = {"problem": ["title"], "shown_problems": ["title"]}

# With such a format a text is a ValueError.
NUMERIC_FORMAT = re.compile(r",|,?d|,?\.\d[f%]")
# Parts of st that show nothing.
NOT_ON_PAGE = {"session_state", "query_params", "context", "user"}
ELEMENTS = {name for name in dir(st.delta_generator.DeltaGenerator) if name[0] != "_"}
# Elements that data is not named like, as it may be "text" or "error".
UNMISTAKABLE = {"markdown", "write", "html", "caption", "subheader", "header", "toast", "metric"}
ADDING = {"append", "extend", "insert", "update", "setdefault", "add"}

Scope = ast.FunctionDef | ast.Module


@dataclass(frozen=True)
class Place:
    """Where a piece of code stands: its file, and what is around it, innermost first."""

    file: str
    scopes: tuple[Scope, ...]


class Pages:
    """The code of all pages, and what it shows."""

    def __init__(self, sources: dict[str, str]) -> None:
        self.nodes: list[tuple[ast.AST, Place]] = []
        self.modules = {file: ast.parse(source) for file, source in sources.items()}
        for file, module in self.modules.items():
            self._walk(module, Place(file, (module,)))
        # The part of the code that a node is the called or dotted thing of.
        self.used_in: dict[ast.AST, ast.AST] = {
            (node.func if isinstance(node, ast.Call) else node.value): node
            for node, _ in self.nodes
            if isinstance(node, ast.Call | ast.Attribute)
        }

    def _walk(self, node: ast.AST, place: Place) -> None:
        for child in ast.iter_child_nodes(node):
            self.nodes.append((child, place))
            if isinstance(child, ast.FunctionDef):
                self._walk(child, Place(place.file, (child, *place.scopes)))
            else:
                self._walk(child, place)

    def faults(self) -> list[str]:
        """Every place where something else than own words could be formatted."""
        checks = (self._of_call, self._of_import, self._of_passing_on, self._of_magic)
        return [
            f"{place.file}:{getattr(node, 'lineno', 0)}: {fault}"
            for node, place in self.nodes
            for check in checks
            for fault in check(node, place)
        ]

    def _of_call(self, node: ast.AST, place: Place) -> Iterator[str]:
        """Arguments that may be formatted and are not own words."""
        if not isinstance(node, ast.Call):
            return
        name = shown_by(node.func)
        if name is None:
            return
        free = UNSEEN | UNSEEN_OF.get(name, set()) | PLAIN.get(name, set())
        order = CARRIERS.get(name) or argument_names(name)
        given = [(order[n] if n < len(order) else "*", arg) for n, arg in enumerate(node.args)]
        given += [(keyword.arg or "**", keyword.value) for keyword in node.keywords]
        if "format_func" in dict(given):
            free = free | {"options"}  # what it makes of them is shown
        if name in CARRIERS:
            given = [(a, v) for a, v in given if a in order or isinstance(v, ast.Starred)]
        for argument, value in given:
            if argument == "unsafe_allow_html":
                yield f"{name}: HTML is for nobody"
            elif argument not in free and not self.own(value, place):
                yield f"{name}({argument}) may be given something else than own words"

    def _of_import(self, node: ast.AST, _: Place) -> Iterator[str]:
        """Streamlit or pages' functions under other names than this reading knows."""
        match node:
            case ast.Import(names=names):
                for name in names:
                    if name.name.split(".")[0] in ("streamlit", "pages") and name.asname != "st":
                        yield "import streamlit as st, and functions of pages by name"
            case ast.ImportFrom(module=str(module), names=names):
                of_pages = module.split(".")[0] == "pages" and any(name.asname for name in names)
                if of_pages or module.split(".")[0] == "streamlit":
                    yield "import streamlit as st, and functions of pages by name"

    def _of_passing_on(self, node: ast.AST, _: Place) -> Iterator[str]:
        """What could be called where this reading does not see it."""
        called = isinstance(self.used_in.get(node), ast.Call)
        match node:
            case ast.Name(id="st") if node not in self.used_in:
                yield "st is passed on"
            case ast.Name(id=name) if name in CARRIERS and not called:
                yield f"{name} is passed on"
            case ast.Attribute(value=ast.Name(id=base), attr=name) if not called:
                if name in UNMISTAKABLE or (base == "st" and name in ELEMENTS):
                    yield f"{name} is passed on"

    def _of_magic(self, node: ast.AST, place: Place) -> Iterator[str]:
        """Expressions that stand alone in the script of a page: Streamlit writes them out."""
        if isinstance(node, ast.Expr) and "/" not in place.file:
            docstring = any(scope.body[0] is node for scope in place.scopes)
            if not docstring and not isinstance(node.value, ast.Call | ast.Yield):
                yield "Streamlit's magic writes this out"

    # Own words --------------------------------------------------------------------------------

    def own(self, node: ast.AST, place: Place, seen: frozenset[ast.AST] = frozenset()) -> bool:
        """Whether an expression can only give own words and numbers."""
        if node in seen or isinstance(node, ast.Constant):
            return True
        if self._own_by_name(node, place):
            return True
        parts = parts_of(node)
        if isinstance(node, ast.Name):
            parts = self._values_of(node.id, place)
        return bool(parts) and all(
            part is not None and self.own(part, place, seen | {node}) for part in parts
        )

    def _own_by_name(self, node: ast.AST, place: Place) -> bool:
        """Own by what is known of a name: a listed function, a dictionary of words."""
        match node:
            case ast.Name(id=name):
                return name in OWN or any(
                    isinstance(scope, ast.FunctionDef) and name in CARRIERS.get(scope.name, [])
                    for scope in place.scopes[:1]
                )
            case ast.Call(func=ast.Name(id=name)) if name in OWN:
                return True
            case ast.List(elts=[]):
                return True
            case ast.Subscript(value=table) | ast.Attribute(value=table, attr="__getitem__"):
                return self._own_table(table, place)
            case ast.Call(
                func=ast.Attribute(value=table, attr="get"), args=[_] | [_, ast.Constant()]
            ):
                return self._own_table(table, place)
            case ast.Call(func=ast.Name(id="list"), args=[table]):
                return self._own_table(table, place, keys=True)
        return False

    def _own_table(self, node: ast.AST, place: Place, *, keys: bool = False) -> bool:
        """Whether a name stands for one dictionary whose values (or keys) are literals."""
        match node, self._values_of(getattr(node, "id", ""), place):
            case ast.Name(), [ast.Dict(keys=names, values=values)]:
                return all(isinstance(part, ast.Constant) for part in (names if keys else values))
        return False

    def _values_of(self, name: str, place: Place) -> list[ast.AST | None]:
        """What a name may stand for; None for what is not followed."""
        for scope in place.scopes:
            found = self._bound(name, scope, place)
            if found:
                return found
        return [
            value
            for file in self._imported_from(name, place.file)
            for value in self._bound(name, self.modules[file], Place(file, (self.modules[file],)))
        ]

    def _imported_from(self, name: str, file: str) -> list[str]:
        """The files of pages/ that a file has a name from."""
        return [
            source
            for node in ast.walk(self.modules[file])
            if isinstance(node, ast.ImportFrom) and any(alias.name == name for alias in node.names)
            for source in self.modules
            if node.module == "pages." + source.removesuffix(".py").replace("/", ".")
        ]

    def _bound(self, name: str, scope: Scope, place: Place) -> list[ast.AST | None]:
        """What a scope binds a name to, or adds to what it stands for."""
        nodes = list(within(scope))
        followed: dict[ast.AST, ast.AST | None] = {}
        for node in nodes:
            match node:
                case (
                    ast.Assign(targets=[ast.Name() as target], value=value)
                    | ast.AnnAssign(target=ast.Name() as target, value=value)
                ):
                    followed[target] = value
                case ast.For(
                    target=ast.Tuple(elts=[ast.Name(id=to) as target, _]),
                    iter=ast.Call(func=ast.Attribute(value=ast.Name(id=of) as table, attr="items")),
                ) if to == name != of and self._own_table(table, place, keys=True):
                    followed[target] = ast.Constant("a key that is written out")
        return [followed.get(node) for node in nodes if binds(node, name)] + [
            added for node in nodes for added in additions(node, name)
        ]


def parts_of(node: ast.AST) -> list[ast.AST | None]:
    """What an expression is own words by, if all of it is; nothing for what may be anything."""
    match node:
        case ast.FormattedValue(format_spec=ast.JoinedStr(values=[ast.Constant(value=spec)])):
            return [ast.Constant(spec)] if NUMERIC_FORMAT.fullmatch(str(spec)) else []
        case ast.FormattedValue(value=value, format_spec=None):
            return [value]
        case ast.BinOp(left=left, right=right):
            return [left, right]
        case ast.IfExp(body=left, orelse=right):
            return [left, right]
        case ast.JoinedStr(values=parts) | ast.BoolOp(values=parts):
            return [*parts]
        case ast.List(elts=parts) | ast.Tuple(elts=parts):
            return [*parts]
        case ast.Call(func=ast.Attribute(value=ast.Constant(), attr="join"), args=[words]):
            return [words]
        case ast.Call(func=ast.Name(id="str"), args=[value]):
            return [value]
    return []


def binds(node: ast.AST, name: str) -> bool:
    """Whether a name gets a meaning here."""
    match node:
        case ast.Name(id=to, ctx=ast.Store() | ast.Del()) | ast.arg(arg=to):
            return to == name
        case ast.Global(names=names) | ast.Nonlocal(names=names):
            return name in names
    return False


def additions(node: ast.AST, name: str) -> list[ast.AST | None]:
    """What is put into the thing that a name stands for; None for what is not followed."""
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id=to), attr="append"), args=[value]) if (
            to == name
        ):
            return [value]
        case ast.Call(func=ast.Attribute(value=ast.Name(id=to), attr=attr)) if to == name:
            return [None] if attr in ADDING else []
        case ast.Subscript(value=ast.Name(id=to), ctx=ast.Store()) if to == name:
            return [None]
    return []


def within(scope: Scope) -> Iterator[ast.AST]:
    """The nodes of a function or module without those of the functions in it."""
    waiting: list[ast.AST] = [*ast.iter_child_nodes(scope)]
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, ast.FunctionDef):
            waiting += ast.iter_child_nodes(node)


def shown_by(function: ast.AST) -> str | None:
    """The name of what shows something, None if nothing does: anything of st, any method that
    a container of st has, and the carriers."""
    if isinstance(function, ast.Name):
        return function.id if function.id in CARRIERS else None
    path: list[str] = []
    while isinstance(function, ast.Attribute):
        path.append(function.attr)
        function = function.value
    if not path:
        return None
    if isinstance(function, ast.Name) and function.id == "st":
        return None if path[-1] in NOT_ON_PAGE else path[0]
    return path[0] if path[0] in ELEMENTS | CARRIERS.keys() else None


def argument_names(element: str) -> list[str]:
    """The names of the arguments that an element takes by position."""
    function = getattr(st, element, None)
    if not callable(function):
        return []
    parameters = inspect.signature(function).parameters.values()
    return [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]


def read_pages() -> dict[str, str]:
    """All code of the pages by its path in pages/."""
    return {str(p.relative_to(PAGES)): p.read_text("utf-8") for p in PAGES.rglob("*.py")}


def test_pages_format_nothing_but_their_own_words() -> None:
    sources = read_pages()
    assert "home.py" in sources
    assert "shared/run_view.py" in sources
    assert Pages(sources).faults() == []


WORDS = 'import streamlit as st\nWORDS = {1: "one"}\nN = 20\n'


@pytest.mark.parametrize(
    "code",
    [
        "st.markdown(x.instruction)",
        "st.markdown('## ' + x.instruction)",
        "st.write(x)",
        "st.table(x)",
        "st.html(f'<b>{x}</b>')",
        "st.error(str(x))",
        "st.caption(f'{x:>10}')",
        "st.caption(f'{x!r}')",
        "st.caption('{}'.format(x))",
        "st.caption('%s' % x)",
        "st.caption(' '.join([x.detail]))",
        "st.metric(x.name, '1')",
        "st.metric('name', x.value)",
        "st.button(x.name)",
        "st.text('fine', help=x.name)",
        "st.radio('Which', x.names)",
        "st.radio('Which', [1], format_func=x.get)",
        "st.expander(x.name)",
        "st.toast(x.name)",
        "st.progress(0.5, text=x.name)",
        "st.image(x.address)",
        "st.image('a.png', caption=x.name)",
        "st.dataframe(x, column_config=x.columns)",
        "st.markdown(*x)",
        "st.markdown(**x)",
        "st.markdown('fine', unsafe_allow_html=True)",
        "with st.container() as box:\n    box.info(x.name)",
        "y = x.name\nst.caption(y)",
        "y = 'fine'\ny += x.name\nst.caption(y)",
        "y = ['fine']\ny.append(x.name)\nst.caption(' '.join(y))",
        "for y in x:\n    st.caption(y)",
        "for y, _ in x.items():\n    st.caption(y)",
        "y, z = x\nst.caption(y)",
        "WORDS[2] = x.name\nst.caption(WORDS[2])",
        "T = {1: x.name}\nst.caption(T[1])",
        "st.caption(x.words['a'])",
        "def show(y):\n    st.error(y)",
        "def show():\n    y = x.name\n    st.error(y)",
        "y = 'fine'\ndef show(y):\n    st.error(y)",
        "y = 'fine'\nshow = lambda y: st.error(y)",
        "problem(x.name, 'fine')",
        "problem(details='fine', title=x.name)",
        "problem(*x)",
        "notices.problem(x.name)",
        "x.each(problem)",
        "st.caption(x.name())",
        "st.caption(name())",
        "st.selectbox('Which', [1], placeholder=x.name)",
        "show = st.markdown\nshow(x.name)",
        "getattr(st, 'markdown')(x.name)",
        "from streamlit import markdown",
        "import streamlit",
        "from pages.shared.notices import problem as told",
        "x.name",
        "f'{x}'",
        "'words'",
    ],
)
def test_a_text_of_somebody_else_is_found(code: str) -> None:
    assert Pages({"page.py": WORDS + code}).faults() != []


def test_words_of_another_file_are_followed_by_their_import() -> None:
    sources = {
        "shared/ours.py": "WORDS = {1: 'one'}",
        "shared/theirs.py": "WORDS = {1: x.name}",
        "page.py": "import streamlit as st\nfrom pages.shared.ours import WORDS\nst.info(WORDS[1])",
    }
    assert Pages(sources).faults() == []
    sources["page.py"] = sources["page.py"].replace("ours", "theirs")
    assert Pages(sources).faults() != []


@pytest.mark.parametrize(
    "code",
    [
        "st.text(x.instruction)",
        "st.code(x.raw, language=None)",
        "st.dataframe(x, hide_index=True)",
        "st.text_area('Keywords', x.words, height=120)",
        "st.selectbox('Which', x.names, format_func=x.title)",
        "st.markdown('##### Kept')",
        "st.caption(f'{x.score:.2f} of {x.number:,} and {len(x)} of {N}')",
        "st.caption(WORDS[x.state])",
        "st.caption(WORDS.get(x.state, 'none'))",
        "st.caption('stopping' if x.stopping else WORDS[x.state])",
        "st.radio('Which', list(WORDS), format_func=WORDS.__getitem__)",
        "y = ['fine']\ny.append(f'{x.share:.1f}')\nst.caption(' · '.join(y))",
        "shown = {'Runs': x.runs}\nfor y, z in shown.items():\n    st.metric(y, f'{z:,}')",
        "def problem(title, details):\n    st.error(title)\n    st.text(details)",
        "problem('fine', x.name)",
        "st.caption(f'{duration(x.seconds)} left')",
        "st.session_state.setdefault('rows', x)",
        "st.number_input('Words', 1, 10, x.words)",
    ],
)
def test_own_words_and_plain_places_pass(code: str) -> None:
    assert Pages({"page.py": WORDS + code}).faults() == []
