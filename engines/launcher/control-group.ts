import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ControlGroupPaths } from '../contract/server.js';

const ROOT = '/sys/fs/cgroup';

/** What the kernel counts of a group of processes. Undefined figures cannot be read. */
export interface ControlGroup {
  /** Anonymous and shared memory in bytes: what the processes need, without page cache. */
  workingSet(): number | undefined;
  cpuSeconds(): number | undefined;
  /** How often the kernel killed one of the processes for the group's memory limit. */
  outOfMemoryKills(): number | undefined;
}

/** Control group of a process on this machine; undefined where it cannot be seen. */
export function controlGroupOf(pid: number): ControlGroupPaths | undefined {
  return controlGroupPaths(`/proc/${pid}/cgroup`, ROOT);
}

/**
 * @param membership file of a process that lists its groups, as in `/proc`
 * @param root where the kernel's control groups are mounted
 */
export function controlGroupPaths(membership: string, root: string): ControlGroupPaths | undefined {
  const lines = readText(membership)?.trim().split('\n') ?? [];
  const path = (controller: string) =>
    lines.map((line) => line.split(':')).find(([, names]) => names!.split(',').includes(controller))?.[2];
  const unified = lines.find((line) => line.startsWith('0::'))?.slice(3);
  const memory = path('memory');
  if (memory !== undefined) {
    const cpu = path('cpuacct');
    const folder = join(root, 'memory', memory);
    const more = cpu === undefined ? {} : { cpu: join(root, 'cpuacct', cpu) };
    return existsSync(join(folder, 'memory.stat')) ? { version: 1, memory: folder, ...more } : undefined;
  }
  if (unified === undefined) return undefined;
  const folder = join(root, unified);
  return existsSync(join(folder, 'memory.stat')) ? { version: 2, memory: folder, cpu: folder } : undefined;
}

/** Reads the counters; a group that is gone has none. */
export function controlGroup(paths: ControlGroupPaths): ControlGroup {
  return paths.version === 1 ? version1(paths.memory, paths.cpu) : version2(paths.memory);
}

function version1(memory: string, cpu: string | undefined): ControlGroup {
  return {
    workingSet: () => sum(fields(join(memory, 'memory.stat')), 'total_rss', 'total_shmem'),
    cpuSeconds: () => scaled(cpu === undefined ? undefined : number(join(cpu, 'cpuacct.usage')), 1e-9),
    outOfMemoryKills: () => fields(join(memory, 'memory.oom_control'))?.get('oom_kill'),
  };
}

function version2(folder: string): ControlGroup {
  return {
    workingSet: () => sum(fields(join(folder, 'memory.stat')), 'anon', 'shmem'),
    cpuSeconds: () => scaled(fields(join(folder, 'cpu.stat'))?.get('usage_usec'), 1e-6),
    outOfMemoryKills: () => fields(join(folder, 'memory.events'))?.get('oom_kill'),
  };
}

/** `name value` a line. */
function fields(path: string): ReadonlyMap<string, number> | undefined {
  const text = readText(path);
  if (text === undefined) return undefined;
  return new Map(
    text
      .trim()
      .split('\n')
      .map((line) => {
        const [name, value] = line.split(' ');
        return [name!, Number(value)];
      }),
  );
}

function sum(values: ReadonlyMap<string, number> | undefined, ...names: string[]): number | undefined {
  const found = names.map((name) => values?.get(name));
  return found.some((value) => value === undefined)
    ? undefined
    : found.reduce<number>((total, value) => total + value!, 0);
}

function scaled(value: number | undefined, factor: number): number | undefined {
  return value === undefined ? undefined : value * factor;
}

function number(path: string): number | undefined {
  const text = readText(path);
  return text === undefined ? undefined : Number(text);
}

/** Undefined once the group is gone. */
function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENODEV' || code === 'EACCES' || code === 'ESRCH') return undefined;
    throw error;
  }
}
