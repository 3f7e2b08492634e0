"""The script that trains the bundled model: its pieces by hand, and the whole for a few steps."""

import json
import os
import random
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
import spacy

from scripts.train_parser.imperatives import imperatives
from scripts.train_parser.phrases import Phrases, noun_phrases, word
from scripts.train_parser.templates import instructions
from scripts.train_parser.treebank import check, read_documents
from scripts.train_parser.trees import ROOT, Part, Tree, join, root_of, to_doc

ROOT_FOLDER = Path(__file__).parents[1]
DATA = Path(
    os.environ.get("STUDIO_TEST_DATA") or Path(__file__).parents[1].parent / "shared" / "data"
)
TREEBANK = DATA / "ud_english_ewt"
ENGLISH = spacy.blank("en")

CONLLU = """\
# newdoc id = a
# sent_id = 1
1\tWe\twe\tPRON\tPRP\t_\t4\tnsubj\t_\t_
2-3\tcan't\t_\t_\t_\t_\t_\t_\t_\t_
2\tca\tcan\tAUX\tMD\t_\t4\taux\t_\t_
3\tn't\tnot\tPART\tRB\t_\t4\tadvmod\t_\t_
4\tsell\tsell\tVERB\tVB\t_\t0\troot\t_\t_
5\tthe\tthe\tDET\tDT\t_\t7\tdet\t_\t_
6\told\told\tADJ\tJJ\t_\t7\tamod\t_\t_
7\tboats\tboat\tNOUN\tNNS\t_\t4\tobj\t_\tSpaceAfter=No
7.1\tgone\tgo\tVERB\tVBN\t_\t_\t_\t_\t_
8\t,\t,\tPUNCT\t,\t_\t9\tpunct\t_\t_
9\thowever\thowever\tADV\tRB\t_\t4\tadvmod\t_\tSpaceAfter=No
10\t.\t.\tPUNCT\t.\t_\t4\tpunct\t_\t_

# newdoc id = b
1\tBye\tbye\tINTJ\tUH\t_\t0\troot\t_\t_
"""


def trees(folder: Path) -> list[list[Tree]]:
    path = folder / "some.conllu"
    path.write_text(CONLLU, "utf-8")
    return list(read_documents(path))


def said(sentences: tuple[Tree, ...] | list[Tree]) -> str:
    return to_doc(ENGLISH.vocab, sentences).text


def test_sentences_are_read_as_they_were_written(tmp_path: Path) -> None:
    documents = trees(tmp_path)
    assert [[said([tree]) for tree in document] for document in documents] == [
        ["We can't sell the old boats, however. "],
        ["Bye "],
    ]
    doc = to_doc(ENGLISH.vocab, [documents[0][0], documents[1][0]])
    assert [sentence.text for sentence in doc.sents] == [
        "We can't sell the old boats, however.",
        "Bye",
    ]
    assert [(w.text, w.dep_, w.head.text) for w in doc][3:7] == [
        ("sell", "ROOT", "sell"),
        ("the", "det", "boats"),
        ("old", "amod", "boats"),
        ("boats", "obj", "sell"),
    ]


def test_an_infinitive_becomes_an_imperative(tmp_path: Path) -> None:
    tree = trees(tmp_path)[0][0]
    made = [next(imperatives([tree], random.Random(seed))) for seed in range(60)]
    texts = {said([one]).strip() for one in made}
    assert "Sell the old boats, however." in texts
    assert {text.rstrip(".:!").lower() for text in texts} == {"sell the old boats, however"}
    assert {one[root_of(one)].form.lower() for one in made} == {"sell"}


def test_a_noun_phrase_is_cut_out_whole(tmp_path: Path) -> None:
    (phrase,) = noun_phrases(trees(tmp_path)[0])
    assert said([phrase]).strip() == "the old boats"
    assert [(w.head, w.label) for w in phrase] == [(2, "det"), (2, "amod"), (ROOT, "root")]


def test_parts_are_joined() -> None:
    verb, noun, mark = word("Sing", "VERB", "VB"), word("songs", "NOUN", "NNS"), (".", "PUNCT", ".")
    tree = join([Part(verb, "root"), Part(noun, "obj"), Part(word(*mark), "punct")])
    assert said([tree]) == "Sing songs. "
    assert [(w.head, w.label) for w in tree] == [(ROOT, "root"), (0, "obj"), (0, "punct")]


def test_instructions_are_trees(tmp_path: Path) -> None:
    chance = random.Random(3)
    made = instructions(Phrases(list(noun_phrases(trees(tmp_path)[0])), chance), chance, 400)
    assert len(made) == 400
    for sentences in made:
        doc = to_doc(ENGLISH.vocab, sentences)
        assert len(list(doc.sents)) == len(sentences)
        for sentence in doc.sents:
            assert [token for token in sentence if token.head == token] == [sentence.root]
            assert sentence.root.pos_ == "VERB"
            assert all(token.head in sentence for token in sentence)


def test_another_treebank_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"LICENSE\.txt is missing"):
        check(tmp_path)
    (tmp_path / "LICENSE.txt").write_text("MIT")
    with pytest.raises(SystemExit, match=r"LICENSE\.txt is not the file of UD English EWT at 15d6"):
        check(tmp_path)


@pytest.mark.skipif(not TREEBANK.is_dir(), reason=f"no treebank at {TREEBANK}")
@pytest.mark.skipif(find_spec("spacy_lookups_data") is None, reason="no spacy-lookups-data")
def test_a_few_steps_make_a_model(tmp_path: Path) -> None:
    output = tmp_path / "model"
    options = {"--treebank": TREEBANK, "--work": tmp_path / "work", "--output": output}
    few = {"--steps": "2", "--texts": "3"}
    flat = [str(part) for pair in (options | few).items() for part in pair]
    done = subprocess.run(
        [sys.executable, "-m", "scripts.train_parser", *flat],
        cwd=ROOT_FOLDER,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    nlp = spacy.load(output)
    doc = nlp("Write two stories.")
    assert (len(list(doc.sents)) > 0, len(doc)) == (True, 4)
    meta = json.loads((output / "meta.json").read_text("utf-8"))
    assert (meta["license"], len(meta["sources"])) == ("CC BY-SA 4.0", 2)
    assert {"LICENSE", "NOTICE", "README.md"} <= {path.name for path in output.iterdir()}
    contents = [path.read_bytes() for path in output.rglob("*") if path.is_file()]
    assert not [one for one in contents if bytes(tmp_path) in one]  # no path of this machine
