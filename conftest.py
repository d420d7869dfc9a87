"""The plugins of a readiness run; everything else lives in fixtures/ and readiness/."""

from readiness.plugin.entry import PLUGINS

pytest_plugins = PLUGINS
