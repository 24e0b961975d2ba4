"""Hostile model folders: code beside a model, which some file asks to be run, never is."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from newsimages.encoding.encoders import OpenClipConfig, OpenClipEncoder
from newsimages.errors import NewsImagesError
from newsimages.foreign_code import refuse_code
from newsimages.preprocessing.translation import Translator
from tests.tiny_clip import save_tiny_clip
from tests.tiny_marian import save_tiny_marian

Change = Callable[[dict[str, Any]], None]
AUTO_MAP = {"AutoTokenizer": ["own.T", "own.T"], "AutoConfig": "own.T", "AutoModel": "own.T"}


def load_clip(folder: Path) -> None:
    OpenClipEncoder(
        OpenClipConfig(backbone=f"local-dir:{folder}", pretrained="", device="cpu", workers=0)
    )


def load_translator(folder: Path) -> None:
    Translator(str(folder), device="cpu")


def change(path: Path, by: Change) -> None:
    content = json.loads(path.read_text()) if path.exists() else {}
    by(content)
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(content))


def with_code(folder: Path) -> Path:
    """A file whose import leaves a trace; returns the trace's place."""
    ran = folder.parent / "ran"
    (folder / "own.py").write_text(f"open({str(ran)!r}, 'w')\nclass T: ...\n")
    return ran


@pytest.mark.parametrize(
    ("file", "by"),
    [
        ("open_clip_config.json", lambda c: c["model_cfg"]["text_cfg"].update(
            tokenizer_kwargs={"trust_remote_code": True})),
        ("open_clip_config.json", lambda c: c.update(preprocess_cfg={"trust_remote_code": 1})),
        ("tokenizer_config.json", lambda c: c.update(auto_map=AUTO_MAP)),
        ("config.json", lambda c: c.update(auto_map=AUTO_MAP)),
    ],
)  # fmt: skip
def test_an_openclip_folder_that_asks_for_code_is_refused(
    tmp_path: Path, file: str, by: Change
) -> None:
    folder = save_tiny_clip(tmp_path / "tiny", "xlm_roberta")
    ran = with_code(folder)
    change(folder / "tokenizer_config.json", lambda c: c.update(tokenizer_class="T"))
    change(folder / file, by)
    with pytest.raises(NewsImagesError, match=f"{file} names .* no code of its own, and none is"):
        load_clip(folder)
    assert not ran.exists()


@pytest.mark.parametrize("file", ["tokenizer_config.json", "config.json", "added.json"])
def test_a_translator_s_folder_that_asks_for_code_is_refused(tmp_path: Path, file: str) -> None:
    folder = save_tiny_marian(tmp_path / "tiny")
    ran = with_code(folder)
    change(folder / file, lambda c: c.update(a=[{"auto_map": AUTO_MAP}]))
    with pytest.raises(NewsImagesError, match=f"{file} names auto_map"):
        load_translator(folder)
    assert not ran.exists()


def test_code_that_no_file_of_the_folder_names_is_not_run_either(tmp_path: Path) -> None:
    """As from the hub, whose files are only there while they are loaded."""
    folder, elsewhere = save_tiny_clip(tmp_path / "tiny", "xlm_roberta"), tmp_path / "elsewhere"
    (elsewhere).mkdir()
    ran = with_code(elsewhere)
    change(elsewhere / "config.json", lambda c: c.update(model_type="own", auto_map=AUTO_MAP))
    change(
        folder / "open_clip_config.json",
        lambda c: c["model_cfg"]["text_cfg"].update(hf_model_name=str(elsewhere)),
    )
    script = (
        "import sys; sys.path.insert(0, 'src')\n"
        "from tests.test_foreign_code import load_clip, Path\n"
        f"load_clip(Path({str(folder)!r}))"
    )
    # Whoever would be asked at the terminal says yes.
    done = subprocess.run(
        [sys.executable, "-c", script],
        input="y\n" * 9,
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[1],
    )
    assert "NewsImagesError: Cannot load backbone=local-dir" in done.stderr
    assert "Do you wish to run" not in done.stdout + done.stderr
    assert not ran.exists()


def test_the_same_tokenizer_is_loaded_under_the_hub_s_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With `trust_remote_code` in a configuration that is not looked through before."""
    folder = save_tiny_clip(tmp_path / "tiny", "xlm_roberta")
    ran = with_code(folder)
    change(folder / "tokenizer_config.json", lambda c: c.update(auto_map=AUTO_MAP))
    change(
        folder / "open_clip_config.json",
        lambda c: c["model_cfg"]["text_cfg"].update(tokenizer_kwargs={"trust_remote_code": True}),
    )
    monkeypatch.setattr("newsimages.encoding.encoders.refuse_code", lambda folder: None)
    load_clip(folder)
    assert not ran.exists()


def test_what_is_no_json_asks_for_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b"\xff auto_map")
    (tmp_path / "b.json").mkdir()
    (tmp_path / "c.json").write_text("[" * 100_000)
    refuse_code(tmp_path)
