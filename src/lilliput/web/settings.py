"""Where the page listens, where its files are, and its limits."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lilliput.core.errors import BadSetting
from lilliput.web.mail.settings import MailSettings

LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, kw_only=True)
class ServeSettings:
    """Settings of one server.

    Args:
        folder: its own files: the page's database, folders of jobs, uploads.
        store: the result store.
        papers: the user's own papers, a TOML file each.
        host: address to listen on. Anything but loopback needs a token.
        port: to listen on.
        token: that every visitor from elsewhere must give once; empty on loopback.
        address: how the page is reached from outside, for links in mails and feeds; by default host and port.
        jobs: runs at once.
        queue: jobs that may wait.
        job_seconds: a run that takes longer is stopped, and can be resumed.
        job_memory_bytes: a run that takes more is stopped.
        upload_bytes: largest body of a request.
        mail: the mail server; without one nobody can subscribe.
        models: compiled folders, or folders of such, that the page shows beside the bundled ones.

    Raises:
        BadSetting: LP101, another address than loopback without a token, or a limit below one.
    """

    folder: Path
    store: Path
    papers: Path | None = None
    host: str = "127.0.0.1"
    port: int = 8400
    token: str = ""
    address: str = ""
    jobs: int = 1
    queue: int = 20
    job_seconds: int = 24 * 3600
    job_memory_bytes: int = 8 << 30
    upload_bytes: int = 4 << 20
    mail: MailSettings | None = None
    models: tuple[Path, ...] = ()

    def __post_init__(self) -> None:
        if self.host not in LOOPBACK and len(self.token) < 16:
            raise BadSetting(
                f"serving on {self.host}, which others can reach, without a token",
                why="whoever reaches the page can start runs on this machine",
                fix="--token with 16 characters or more, or stay on 127.0.0.1",
            )
        for name in ("jobs", "queue", "job_seconds", "job_memory_bytes", "upload_bytes"):
            if getattr(self, name) < 1:
                raise BadSetting(f"serve.{name} = {getattr(self, name)}", why="it must be at least 1")
        if not 0 <= self.port < 65536:
            raise BadSetting(f"port {self.port}", why="it must be from 0 to 65535")

    @property
    def base(self) -> str:
        """The page's address, without a slash at its end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.address.rstrip("/") or f"http://{host}:{self.port}"
