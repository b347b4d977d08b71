import { readFileSync } from 'node:fs';

/**
 * What tells this machine from others of the same name, and this start of it from those before: `machine boot`.
 * Undefined where the system does not say (no Linux).
 */
export function machineMark(): string | undefined {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${machineId()} ${boot}`;
  } catch {
    return undefined;
  }
}

/** Containers often have none, or that of their image: the start of the kernel alone tells theirs apart. */
function machineId(): string {
  for (const path of ['/etc/machine-id', '/var/lib/dbus/machine-id']) {
    try {
      const id = readFileSync(path, 'utf8').trim();
      if (/^[0-9a-f]{32}$/.test(id)) return id;
    } catch {
      // The next one.
    }
  }
  return '-';
}
