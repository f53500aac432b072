from pathlib import Path
from types import SimpleNamespace

from piwizard.rehearsal import sample_repository
from piwizard.sandbox import nsenter


def test_sample_stays_inside_the_clone(tmp_path: Path, monkeypatch) -> None:
    root, disk, opt = tmp_path / "copy", tmp_path / "disk", tmp_path / "opt"
    for top in (Path("/"), root):
        (top / disk.relative_to("/")).mkdir(parents=True)
        (top / opt.relative_to("/")).symlink_to(disk)
    monkeypatch.setattr(sample_repository, "REPOSITORY", opt / "sample/app")
    monkeypatch.setattr(sample_repository, "ANSWERS", opt / "sample/answers.toml")
    monkeypatch.setattr(nsenter, "run", lambda *_, **__: SimpleNamespace(ok=True))
    monkeypatch.setattr(sample_repository.os, "chown", lambda *_: None)
    sample_repository.install_sample(root, 1)
    assert list(disk.iterdir()) == []
    assert (root / disk.relative_to("/") / "sample/answers.toml").is_file()
