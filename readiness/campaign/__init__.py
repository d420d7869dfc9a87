"""The fault campaign: every scenario is done once under full load; criteria are judged from its record
afterwards.
"""
