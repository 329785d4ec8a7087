"""Every exported name, called validly and with each argument spoilt: how do wrong calls end?

``python -m tests.fuzz`` counts how the calls end and fails where less than 95 % of the wrong ones
end in a ``ValueError`` or ``TypeError`` that names the argument and what was given for it, where
one is answered by a number, or where one fails inside another library.
"""
