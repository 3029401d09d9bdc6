"""Lets HELM's metric modules be imported without HELM's many dependencies: what is not installed becomes an empty module.

Import everything that is to be real before calling `setup`.
"""

import importlib.abc
import importlib.machinery
import sys
import types


class Missing(types.ModuleType):
    __path__ = []

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {"__init__": lambda self, *a, **k: None, "__class_getitem__": classmethod(lambda c, i: c)})


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path, target=None):
        top = name.split(".")[0]
        if top == "helm" or (top in sys.modules and not isinstance(sys.modules[top], Missing)):
            return None
        return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec):
        return Missing(spec.name)

    def exec_module(self, module):
        pass


def setup(checkout):
    # HELM compiles one function with numba, which changes its speed only.
    numba = types.ModuleType("numba")
    numba.njit = lambda function: function
    sys.modules["numba"] = numba
    sys.meta_path.append(Finder())
    sys.path.insert(0, f"{checkout}/src")
