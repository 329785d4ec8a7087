"""Records, claims, ledger and pages of a book whose numbers are regenerated.

A chapter opens its experiment and shows what is on record::

    experiment = reproduce.open(mnist, globals())
    experiment.run()
    experiment.show("VIB-T1")
    experiment.verdicts("VIB-T1")

A chapter that trains nothing draws what others have recorded: see :func:`read`.
"""

from typing import TYPE_CHECKING

from ibutils.lazy import lazy

if TYPE_CHECKING:
    from reproduce.cell_outputs import beside, source
    from reproduce.experiment import Experiment, Result
    from reproduce.experiment import open as open
    from reproduce.reading import Reader, read
    from reproduce.view import View

__all__ = ["Experiment", "Reader", "Result", "View", "beside", "open", "read", "source"]

__getattr__, __dir__ = lazy(__name__)
