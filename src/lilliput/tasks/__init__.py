"""Real data with its splits, and the registry of it. The user's own folders become tasks by `get_task(path)`."""

from lilliput.tasks.task import Split, Task, get_task, register_task, tasks

__all__ = ["Split", "Task", "get_task", "register_task", "tasks"]
