"""JupyterHub for a class on one Linux server with systemd; site/classroom.md says how to start it.

Whoever is on the class list may log in, and sets a password by doing so for the first time. Each
student gets an account of the system, student-NAME, and a server of their own with its own limits.
"""

import json
import os
import pwd
import subprocess
import sys
from pathlib import Path

COURSE = Path(__file__).resolve().parents[2]
TEACHER = os.environ.get("COURSE_TEACHER", "teacher")  # sees who is there, and stops their servers
CLASS_LIST = Path(os.environ.get("COURSE_CLASS_LIST", "students.txt"))  # a name on each line
MEMORY = os.environ.get("COURSE_MEMORY", "3G")  # of one student: a chapter takes up to 2, rarely
# Without these settings TensorFlow starts a thread for each core of the server in every student's
# kernel, and what a chapter has freed stays in a store for each thread.
KERNELS = json.loads((COURSE / "tools" / "classroom" / "kernels.json").read_text())
ACCOUNT = "student-{USERNAME}"

if not CLASS_LIST.is_file():
    sys.exit(
        f"{CLASS_LIST.resolve()} must hold the class list, a name on each line: write it, or name "
        "another file in the environment variable COURSE_CLASS_LIST"
    )

c = get_config()  # noqa: F821 (JupyterHub defines it)

# Passwords travel: what students reach is an HTTPS server on this computer that hands on to here.
c.JupyterHub.bind_url = "http://127.0.0.1:8000"

c.JupyterHub.authenticator_class = "firstuse"
c.FirstUseAuthenticator.create_users = False
c.FirstUseAuthenticator.min_password_length = 10
c.Authenticator.username_pattern = "[a-z][a-z0-9]{1,19}"
c.Authenticator.admin_users = {TEACHER}
c.Authenticator.allowed_users = {TEACHER, *CLASS_LIST.read_text(encoding="utf-8").split()}


def add_account(spawner):
    """Make the student's account at the first start, with a home that others cannot read."""
    name = ACCOUNT.format(USERNAME=spawner.user.name)
    try:
        pwd.getpwnam(name)
    except KeyError:
        subprocess.run(["useradd", "--create-home", "--shell", "/bin/bash", name], check=True)
        os.chmod(pwd.getpwnam(name).pw_dir, 0o700)


c.Spawner.pre_spawn_hook = add_account
c.JupyterHub.spawner_class = "systemd"
c.SystemdSpawner.username_template = ACCOUNT
c.SystemdSpawner.isolate_tmp = True
c.SystemdSpawner.isolate_devices = True
c.SystemdSpawner.disable_user_sudo = True
c.SystemdSpawner.unit_extra_properties = {"MemorySwapMax": "0", "TasksMax": "500"}
c.Spawner.mem_limit = MEMORY
c.Spawner.cpu_limit = int(KERNELS["TF_NUM_INTRAOP_THREADS"])
c.Spawner.start_timeout = 120
c.Spawner.http_timeout = 120
# The copies lie in the student's home; each start brings new chapters, and keeps what was saved.
c.Spawner.cmd = [sys.executable, "-m", "tools.lab", "--hub"]
# PYTHONPATH is for the line above alone: tools.lab takes it out again.
c.Spawner.environment = {"PYTHONPATH": str(COURSE), **KERNELS}
# A kernel that has done nothing for an hour ends, though its tab is open; one that trains does not.
c.Spawner.args = [
    "--MappingKernelManager.cull_idle_timeout=3600",
    "--MappingKernelManager.cull_interval=300",
    "--MappingKernelManager.cull_connected=True",
]

# A server that nobody has used for three hours ends, too.
c.JupyterHub.services = [
    {
        "name": "cull",
        "command": [sys.executable, "-m", "jupyterhub_idle_culler", "--timeout=10800"],
    }
]
c.JupyterHub.load_roles = [
    {
        "name": "cull",
        "services": ["cull"],
        "scopes": ["list:users", "read:users:activity", "read:servers", "delete:servers"],
    }
]
