# SPDX-License-Identifier: Apache-2.0
"""What the suites that need a running gateway share.

Only the standard library, but for what pypi.need() brings.
"""
