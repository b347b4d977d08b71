import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { controlGroup, controlGroupPaths } from '../../../engines/launcher/control-group.js';
import { Usage } from '../../../engines/launcher/usage.js';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'vecproof-cgroup-'));
});
afterEach(() => rmSync(root, { recursive: true }));

function write(path: string, text: string): void {
  mkdirSync(join(root, path, '..'), { recursive: true });
  writeFileSync(join(root, path), text);
}

// Written by hand in the kernel's own format (admin-guide/cgroup-v2.rst, cgroup-v1/memory.rst), not recorded.
const V2_STAT =
  'anon 44003328\nfile 220200960\nkernel 5242880\nshmem 150994944\nfile_mapped 148897792\ninactive_anon 191365120\nslab 3145728\n';
const V1_STAT =
  'cache 220200960\nrss 40000000\nshmem 0\nhierarchical_memory_limit 536870912\ntotal_cache 220200960\ntotal_rss 44003328\ntotal_shmem 150994944\n';

describe('control groups, version 2', () => {
  const paths = () => {
    write('proc/cgroup', '0::/system.slice/docker-abc.scope\n');
    write('fs/system.slice/docker-abc.scope/memory.stat', V2_STAT);
    write(
      'fs/system.slice/docker-abc.scope/cpu.stat',
      'usage_usec 12345678\nuser_usec 9000000\nsystem_usec 3345678\n',
    );
    write(
      'fs/system.slice/docker-abc.scope/memory.events',
      'low 0\nhigh 0\nmax 14\noom 2\noom_kill 1\noom_group_kill 0\n',
    );
    return controlGroupPaths(join(root, 'proc/cgroup'), join(root, 'fs'));
  };

  test('are found by the unified path', () => {
    const folder = join(root, 'fs/system.slice/docker-abc.scope');
    expect(paths()).toEqual({ version: 2, memory: folder, cpu: folder });
  });

  test('memory is anonymous and shared memory without page cache; CPU comes in microseconds', () => {
    const group = controlGroup(paths()!);
    expect(group.workingSet()).toBe(44003328 + 150994944);
    expect(group.cpuSeconds()).toBeCloseTo(12.345678, 9);
    expect(group.outOfMemoryKills()).toBe(1);
  });

  test('a controller that is not switched on leaves its figure absent, and not 0', () => {
    const group = controlGroup(paths()!);
    rmSync(join(root, 'fs/system.slice/docker-abc.scope/memory.events'));
    write('fs/system.slice/docker-abc.scope/memory.stat', 'anon 5\n');
    expect(group.workingSet()).toBeUndefined();
    expect(group.outOfMemoryKills()).toBeUndefined();
  });
});

describe('control groups, version 1', () => {
  const paths = () => {
    write(
      'proc/cgroup',
      '12:cpuacct,cpu:/docker/abc\n8:memory:/docker/abc\n1:name=systemd:/docker/abc\n0::/\n',
    );
    write('fs/memory/docker/abc/memory.stat', V1_STAT);
    write('fs/memory/docker/abc/memory.oom_control', 'oom_kill_disable 0\nunder_oom 0\noom_kill 3\n');
    write('fs/cpuacct/docker/abc/cpuacct.usage', '12345678901\n');
    return controlGroupPaths(join(root, 'proc/cgroup'), join(root, 'fs'));
  };

  test('are preferred where both are mounted, as the second one has no controllers then', () => {
    expect(paths()).toEqual({
      version: 1,
      memory: join(root, 'fs/memory/docker/abc'),
      cpu: join(root, 'fs/cpuacct/docker/abc'),
    });
  });

  test('memory counts the processes of all groups below; CPU comes in nanoseconds', () => {
    const group = controlGroup(paths()!);
    expect(group.workingSet()).toBe(44003328 + 150994944);
    expect(group.cpuSeconds()).toBeCloseTo(12.345678901, 9);
    expect(group.outOfMemoryKills()).toBe(3);
  });
});

test('a process that is gone, or whose group is not on this machine, has none', () => {
  expect(controlGroupPaths(join(root, 'none'), root)).toBeUndefined();
  write('proc/cgroup', '0::/elsewhere\n');
  expect(controlGroupPaths(join(root, 'proc/cgroup'), root)).toBeUndefined();
});

test('the peak is that since it was last asked for; what was last seen of a group stays when it is gone', () => {
  let now: number | undefined = 10;
  let cpu: number | undefined = 1;
  let kills: number | undefined = 0;
  const usage = new Usage({ workingSet: () => now, cpuSeconds: () => cpu, outOfMemoryKills: () => kills });
  expect(usage.takePeak()).toBe(10);
  now = 4;
  expect(usage.takePeak()).toBe(4);
  kills = 2;
  cpu = 3;
  expect([usage.cpuSeconds(), usage.outOfMemory]).toEqual([3, true]);
  now = cpu = kills = undefined;
  expect(usage.takePeak(), 'nothing was seen since').toBeUndefined();
  expect([usage.cpuSeconds(), usage.outOfMemory]).toEqual([3, true]);
  usage.stop();
});
