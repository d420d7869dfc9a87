"""What a careful operator sets for three nodes with an OSD, a monitor, a manager and a gateway each, and why."""

from __future__ import annotations

from collections.abc import Mapping

Section = Mapping[str, str]

DISK_BYTES = 6 << 30
"""What an OSD takes of a node's disk; the rest is the monitor's."""
POOLS = (
    ".rgw.root",
    "default.rgw.log",
    "default.rgw.control",
    "default.rgw.meta",
    "default.rgw.buckets.index",
    "default.rgw.buckets.data",
    "default.rgw.buckets.non-ec",
    "default.rgw.otp",
)
"""Made before the gateways start: the first request that needs one would wait for it."""
DATA_POOL = "default.rgw.buckets.data"
PLACEMENT_GROUPS = 8

COPIES: Section = {
    # Three copies, and a write needs two of them: any one node may be lost, and no write is on one disk alone.
    "osd_pool_default_size": "3",
    "osd_pool_default_min_size": "2",
    "osd_pool_default_pg_num": str(PLACEMENT_GROUPS),
    "osd_pool_default_pgp_num": str(PLACEMENT_GROUPS),
    "osd_pool_default_pg_autoscale_mode": "off",
    "mon_max_pg_per_osd": "1000",
    "osd_crush_chooseleaf_type": "1",
    # By itself an OSD puts itself below the machine's host name, which is the same for all nodes of a laboratory.
    "osd_crush_update_on_start": "false",
}
DETECTION: Section = {
    # A silent OSD is reported after 4 s, not after 20 s: until it is marked down, what it is the first copy of waits.
    "osd_heartbeat_interval": "1",
    "osd_heartbeat_grace": "4",
    # Otherwise the grace grows with each time that an OSD was away, up to minutes.
    "mon_osd_adjust_heartbeat_grace": "false",
    # Monitors notice a silent one, and choose another leader, in 6 s, not 15 s: without one no OSD is marked down.
    "mon_lease": "2",
    "mon_election_timeout": "2",
    # Every OSD and gateway talks to one monitor. If that is silent, another is asked after 4 s, not after 30 s: until
    # then the OSD reports nobody, and the gateway learns of no change. Writes stopped for 25 s to 35 s, now for 10 s.
    "mon_client_ping_interval": "1",
    "mon_client_ping_timeout": "4",
    "mon_client_hunt_interval": "1",
    # A node that is away for maintenance is not replaced: there is no fourth one to copy to.
    "mon_osd_down_out_interval": "7200",
}
RECOVERY: Section = {
    # What a node missed is copied to it before new requests, not beside them: 70 s to 100 s become 10 s to 20 s.
    "osd_mclock_profile": "high_recovery_ops",
    "osd_mclock_override_recovery_settings": "true",
    # A new OSD would first write and remove 400 MB to see how fast its disk is, beside the others' requests.
    "osd_mclock_skip_benchmark": "true",
    "osd_recovery_sleep": "0",
    "osd_recovery_sleep_hdd": "0",
    "osd_max_backfills": "8",
    "osd_recovery_max_active": "16",
    # What the manager says of the placement groups is at most 3 s old, not 15 s.
    "mgr_stats_period": "1",
    "mgr_tick_period": "1",
    "mon_mgr_digest_period": "1",
}
GATEWAY: Section = {
    # A gateway that is asked to end waits for its background threads, 17 s; requests are answered long before.
    "rgw_exit_timeout_secs": "5",
    # A bucket of states is small. Resharding would hold writes back, and a lock with them.
    "rgw_dynamic_resharding": "false",
    "rgw_override_bucket_index_max_shards": "1",
    "rgw_thread_pool_size": "128",
    "rgw_enable_usage_log": "false",
    "debug_rgw": "0/1",
}
OTHER: Section = {
    "osd_objectstore": "bluestore",
    "bluestore_block_create": "true",
    "bluestore_block_size": str(DISK_BYTES),
    "osd_memory_target": str(896 << 20),
    "mon_allow_pool_delete": "false",
    # Below 5 % a monitor ends by itself; here it goes on until its disk takes no more.
    "mon_data_avail_crit": "1",
    "mon_data_avail_warn": "2",
    "mgr_initial_modules": "prometheus",
    "auth_cluster_required": "cephx",
    "auth_service_required": "cephx",
    "auth_client_required": "cephx",
    "auth_allow_insecure_global_id_reclaim": "false",
    "ms_bind_msgr1": "false",
    "log_to_file": "false",
    "log_to_stderr": "true",
    "mon_cluster_log_to_file": "false",
    "mon_cluster_log_to_stderr": "false",
    "debug_ms": "0/0",
    "debug_rocksdb": "1/1",
}
SETTINGS: Section = {**COPIES, **DETECTION, **RECOVERY, **GATEWAY, **OTHER}

MONITOR_CAPABILITIES: Section = {"mon": "allow *"}
ADMIN_CAPABILITIES: Section = {"mon": "allow *", "osd": "allow *", "mgr": "allow *"}
MANAGER_CAPABILITIES: Section = {"mon": "allow profile mgr", "osd": "allow *", "mds": "allow *"}
GATEWAY_CAPABILITIES: Section = {"mon": "allow rw", "osd": "allow rwx", "mgr": "allow rw"}


def keyring(name: str, key: str, capabilities: Section) -> str:
    """One entry of a keyring file."""
    lines = [f"[{name}]", f"key = {key}", *(f'caps {part} = "{what}"' for part, what in capabilities.items())]
    return "\n".join(lines) + "\n"


def conf(sections: Mapping[str, Section]) -> str:
    """The text of a ceph.conf."""
    return "\n".join(
        f"[{name}]\n" + "".join(f"{key} = {value}\n" for key, value in entries.items())
        for name, entries in sections.items()
    )
