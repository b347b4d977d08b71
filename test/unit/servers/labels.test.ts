import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { hostname } from 'node:os';
import { describe, expect, test } from 'vitest';
import { processMark } from '../../../common/processes.js';
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
