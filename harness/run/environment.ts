import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, hostname, release, totalmem, type } from 'node:os';
import type { Environment } from '../model/manifest.js';
import { instructionsOfProcessor } from '../model/native.js';

/** The machine and the runtime a run was measured on. */
export function readEnvironment(): Environment {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    platform: `${process.platform} ${process.arch}`,
    kernel: `${type()} ${release()}`,
    node: process.version,
    memoryLimitBytes: cgroupLimit(),
    host: createHash('sha256').update(hostname()).digest('hex').slice(0, 12),
    ...processorInstructions(),
  };
}

/** Memory limit of the control group (v2, then v1); null if there is none. */
function cgroupLimit(): number | null {
  for (const path of ['/sys/fs/cgroup/memory.max', '/sys/fs/cgroup/memory/memory.limit_in_bytes']) {
    try {
      const bytes = Number(readFileSync(path, 'utf8').trim());
      if (Number.isFinite(bytes) && bytes < totalmem()) return bytes;
    } catch {
      // Another kind of control group, or none.
    }
  }
  return null;
}

/** By the flags that Linux tells of an x86 processor. */
function processorInstructions(): Pick<Environment, 'instructions'> {
  if (process.platform !== 'linux' || process.arch !== 'x64') return {};
  const [, flags] = /^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8')) ?? [];
  return flags === undefined ? {} : { instructions: instructionsOfProcessor(flags) };
}
