# SPDX-License-Identifier: Apache-2.0
"""plt.show() saves every open figure as /tmp/output/figure_<k>.png."""

import itertools
import os
import sys

TARGET = "matplotlib.pyplot"
DIRECTORY = "/tmp/output"
numbers = itertools.count(1)


def show(*args, **kwargs):
    pyplot = sys.modules[TARGET]
    os.makedirs(DIRECTORY, exist_ok=True)
    for number in pyplot.get_fignums():
        figure = pyplot.figure(number)
        figure.savefig(f"{DIRECTORY}/figure_{next(numbers)}.png", format="png", dpi=150,
                       bbox_inches="tight", facecolor=figure.get_facecolor(), edgecolor="none")
    pyplot.close("all")


class Finder:
    """Lets matplotlib.pyplot be found as usual, then puts show() into it once it is loaded."""

    def find_spec(self, name, path=None, target=None):
        if name != TARGET:
            return None
        for finder in sys.meta_path:
            spec = finder is not self and finder.find_spec(name, path, target)
            if spec:
                return self.wrapped(spec)
        return None

    def wrapped(self, spec):
        execute = spec.loader.exec_module

        def exec_module(module):
            execute(module)
            module.show = show

        spec.loader.exec_module = exec_module
        return spec


def install():
    sys.meta_path.insert(0, Finder())
