import { describe, expect, test } from 'vitest';
import { engine as pgvector } from '../../../engines/pgvector/engine.js';
import { engine as usearch } from '../../../engines/usearch/engine.js';
import { parseSuite } from '../../../harness/suite/parse.js';

const definitions = new Map([pgvector, usearch].map((engine) => [engine.name, engine]));

/** Parses and plans a suite with these entries; every fault in one text. */
function plan(engines: string, env: NodeJS.ProcessEnv = {}) {
  const text = `version: 1\nname: s\ndataset: debian-packages-20k\nengines:\n${engines}`;
  return parseSuite(text, 's.yaml', env, definitions).builds;
}

describe('the server of an entry', () => {
  test('is a container where nothing is said, with the limits that are', () => {
    expect(plan('  - { use: pgvector }')[0]!.server).toEqual({ mode: 'docker' });
    expect(plan('  - { use: pgvector, memory: 2GiB, cpus: 1.5, image: x/y:1 }')[0]!.server).toEqual({
      mode: 'docker',
      image: 'x/y:1',
      memoryBytes: 2 ** 31,
      cpus: 1.5,
    });
    expect(plan('  - { use: usearch }')[0]!.server).toBeUndefined();
  });

  test('is the one at the url, if one is given, and the series says so', () => {
    const [build] = plan('  - { use: pgvector, url: "postgres://h/db" }');
    expect(build).toMatchObject({
      server: { mode: 'url', url: 'postgres://h/db' },
      series: 'pgvector hnsw (url)',
    });
  });

  test.each([
    [
      '  - { use: usearch, memory: 1GiB }',
      '5:29 engines[0].memory is for engines with a server, and usearch runs inside the process\n  next: remove it',
    ],
    [
      '  - { use: pgvector, launch: dokcer }',
      'engines[0].launch must be one of docker, url, pglite. Did you mean "docker"?',
    ],
    ['  - { use: pgvector, launch: url }', 'engines[0].url is required with launch: url'],
    ['  - { use: pgvector, url: nowhere }', 'engines[0].url must be an address such as'],
    [
      '  - { use: pgvector, url: "postgres://h/db", cpus: 2 }',
      'engines[0].cpus has no effect with launch: url\n  next: remove it',
    ],
    [
      '  - { use: pgvector, memory: much }',
      'engines[0].memory must be a size such as 512MiB or 4GiB (got "much")',
    ],
    ['  - { use: pgvector, cpus: 0 }', 'engines[0].cpus must be more than 0'],
    ['  - { use: pgvector, imgae: x }', 'Did you mean "image"?'],
    [
      '  - { use: pgvector, url: "postgres://u:secret@h/db" }',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: a suite's own way to name a variable.
      'engines[0].url holds a password\n  next: write it as ${VARIABLE}',
    ],
    ['  - { use: qdrant, url: "https://TOKEN-of-mine@h" }', 'engines[0].url holds a credential before the @'],
    [
      '  - { use: pgvector, url: "postgres://h/db?password=secret" }',
      'engines[0].url holds a credential in its parameter "password"\n  next: leave it out',
    ],
    [
      // biome-ignore lint/suspicious/noTemplateCurlyInString: a suite's own way to name a variable.
      '  - { use: qdrant, url: "http://h?api%5Fkey=${PASSWORD}" }',
      'engines[0].url holds a credential in its parameter "api_key"',
    ],
    [
      '  - { use: pgvector }\n  - { use: pgvector, memory: 1GiB }',
      'engines[1].label must be given, as another entry measures the same on another server',
    ],
  ])('%s: %s', (engines, message) => {
    expect(() => plan(engines)).toThrow(message);
  });

  test('a password from the environment is no fault', () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a suite's own way to name a variable.
    const url = 'postgres://u:${PASSWORD}@h/db';
    const [build] = plan(`  - { use: pgvector, url: "${url}" }`, { PASSWORD: 'p4ss' });
    expect(build!.server!.url).toBe('postgres://u:p4ss@h/db');
  });

  test('with labels of their own, the same engine is measured on two servers', () => {
    const builds = plan(
      '  - { use: pgvector, label: small, memory: 1GiB }\n  - { use: pgvector, label: large, memory: 4GiB }',
    );
    expect(builds.map(({ series }) => series)).toEqual(['small', 'large']);
  });
});
