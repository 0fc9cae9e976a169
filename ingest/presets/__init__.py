"""Run files that answer a common question about public models: copy one, edit it, plan it, run it.

A preset's SAEs come from SAELens's directory, or are trained with the training files that lie beside it and begin with
its name: `<preset>.<sae>.train.toml` makes the folder `<preset>.<sae>`.
"""

import shutil
from pathlib import Path

from ingest.errors import IngestError

FOLDER = Path(__file__).parent


def names() -> list[str]:
    """Every preset."""
    return sorted(path.stem for path in FOLDER.glob("*.toml") if not path.name.endswith(".train.toml"))


def files(name: str) -> list[Path]:
    """The run file of a preset, then its training files. Raises `IngestError` for a name that there is not."""
    if name not in names():
        raise IngestError(f"there is no preset {name!r}; presets: {', '.join(names())}")
    return [FOLDER / f"{name}.toml", *sorted(FOLDER.glob(f"{name}.*.train.toml"))]


def question(name: str) -> str:
    """The first line of a preset: what it answers."""
    return files(name)[0].read_text(encoding="utf-8").splitlines()[0].removeprefix("# ")


def copy(name: str, into: Path) -> list[Path]:
    """Copy a preset and its training files into a folder, and never over a file that is there."""
    sources = files(name)
    targets = [into / source.name for source in sources]
    if there := [target for target in targets if target.exists()]:
        raise IngestError(f"{there[0]} is there already; give another folder with --into")
    into.mkdir(parents=True, exist_ok=True)
    for source, target in zip(sources, targets, strict=True):
        shutil.copyfile(source, target)
    return targets
