import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { hostname } from 'node:os';
import { describe, expect, test } from 'vitest';
import { machineMark } from '../../../common/machine.js';
import { processMark } from '../../../common/processes.js';
import { dockerIsHere, publishedOn } from '../../../engines/launcher/binding.js';
import { imageCandidates, imageEntries } from '../../../engines/launcher/images.js';
import { isOrphan, ownLabels } from '../../../engines/launcher/labels.js';

describe('owners of containers', () => {
  const owner = (pid: number, mark: string, host = hostname()) => ({
    'vecproof.owner': `${pid} ${mark} ${host}`,
  });

  test('this process is alive, so what it started is no orphan', () => {
    expect(ownLabels('r')['vecproof.run']).toBe('r');
    expect(isOrphan(ownLabels('r'))).toBe(false);
  });

  test('a process that has ended leaves orphans', async () => {
    const child = spawn(process.execPath, ['-e', 'process.stdin.resume()'], {
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    await once(child, 'spawn');
    const labels = owner(child.pid!, processMark(child.pid!) ?? '');
    expect(isOrphan(labels)).toBe(false);
    child.kill();
    await once(child, 'close');
    expect(isOrphan(labels)).toBe(true);
  });

  test.skipIf(processMark(process.pid) === undefined)(
    'a number that was given again does not protect them',
    () => {
      const [, namespace] = processMark(process.pid)!.split('@');
      expect(isOrphan(owner(process.pid, `1@${namespace}`))).toBe(true);
    },
  );

  test('what another machine, another PID namespace or somebody else started is left alone', () => {
    expect(isOrphan(owner(2 ** 22 - 1, '', 'elsewhere'))).toBe(false);
    if (processMark(process.pid) !== undefined) expect(isOrphan(owner(2 ** 22 - 1, '5@1'))).toBe(false);
    expect(isOrphan({})).toBe(false);
    expect(isOrphan({}, true)).toBe(false);
  });

  test.skipIf(machineMark() === undefined)(
    'machines of one name on one Docker leave each other’s alone',
    () => {
      const [, namespace] = processMark(process.pid)!.split('@');
      const gone = owner(2 ** 22 - 1, `5@${namespace}`);
      const [machine, boot] = machineMark()!.split(' ');
      const on = (label: string) => ({ ...gone, 'vecproof.machine': label });
      const another = on('0123456789abcdef0123456789abcdef 00000000-0000-4000-8000-000000000000');
      const before = on(`${machine} 00000000-0000-4000-8000-000000000000`);
      expect(isOrphan(on(`${machine} ${boot}`), false)).toBe(true);
      expect(isOrphan(another, false)).toBe(false);
      expect(isOrphan(another, true)).toBe(false);
      // Copies of one virtual machine have the same id: only on this machine's own Docker can it be the start before.
      expect(isOrphan(before, false)).toBe(false);
      expect(isOrphan(before, true)).toBe(machine !== '-');
      // Of an older version, which wrote no machine.
      expect(isOrphan(gone, false)).toBe(false);
      expect(ownLabels('r')['vecproof.machine']).toBe(machineMark());
    },
  );

  test('a number without a mark says nothing', () => {
    expect(isOrphan(owner(2 ** 22 - 1, ''))).toBe(false);
    expect(isOrphan({ ...owner(2 ** 22 - 1, ''), 'vecproof.machine': machineMark() ?? '' })).toBe(false);
  });
});

describe('where ports are published', () => {
  const binding = { engine: 'x', host: 'localhost', protected: true };

  test.each([
    [undefined, true],
    ['', true],
    ['unix:///run/user/1000/docker.sock', true],
    ['unix:///home/me/.colima/default/docker.sock', true],
    ['npipe:////./pipe/docker_engine', true],
    ['tcp://127.0.0.1:2375', false],
    ['ssh://me@host', false],
  ])('DOCKER_HOST=%s: on this machine: %s', (host, here) => {
    expect(dockerIsHere(host === undefined ? {} : { DOCKER_HOST: host })).toBe(here);
  });

  test('on the loopback, whatever socket Docker has and whether the server has a password', async () => {
    for (const password of [true, false])
      expect(await publishedOn({ ...binding, socketPath: '/run/x.sock', protected: password })).toBe(
        '127.0.0.1',
      );
  });

  test('on another machine: one address, with a notice; without a password not at all', async () => {
    const notices: string[] = [];
    const onNotice = (text: string) => void notices.push(text);
    const address = await publishedOn({ ...binding, socketPath: undefined, onNotice });
    expect(['127.0.0.1', '::1']).toContain(address);
    expect(notices).toEqual([expect.stringContaining('without encryption')]);
    await expect(publishedOn({ ...binding, socketPath: undefined, protected: false })).rejects.toThrow(
      /no password[\s\S]*use url:/,
    );
  });
});

describe('images', () => {
  test('are pinned by version', () => {
    for (const { image } of Object.values(imageEntries())) expect(image).toMatch(/^[\w/.-]+:v?\d+\.\d+\.\d+/);
  });

  test('the suite comes before the environment, that before the pinned one, and the local build is last', () => {
    const env = { VECPROOF_IMAGE_PGVECTOR: 'from/environment:1' };
    expect(imageCandidates('pgvector', 'from/suite:1', env)).toEqual({
      names: ['from/suite:1'],
      origin: 'image: in the suite',
    });
    expect(imageCandidates('pgvector', undefined, env)).toEqual({
      names: ['from/environment:1'],
      origin: 'VECPROOF_IMAGE_PGVECTOR',
    });
    const { image, local } = imageEntries()['pgvector']!;
    expect(imageCandidates('pgvector', undefined, {}).names).toEqual([image, local]);
  });
});
