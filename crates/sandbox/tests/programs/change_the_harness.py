# Changes limits and priorities of the harness.
# ends: Exited(0)
import os, resource
for name, deed in [
    ("prlimit", lambda: resource.prlimit({{HARNESS}}, resource.RLIMIT_NOFILE, (8, 8))),
    ("setpriority", lambda: os.setpriority(os.PRIO_PROCESS, {{HARNESS}}, 19)),
    ("sched_setaffinity", lambda: os.sched_setaffinity({{HARNESS}}, {0})),
    ("raise own limit", lambda: resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))),
]:
    try:
        deed()
        print("ESCAPED:", name)
    except (OSError, ValueError) as error:
        print(name, error)
