import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { packageRoot } from '../../../common/paths.js';
import { parsePlan } from '../../../migration/plan/parse.js';

const schema = JSON.parse(
  readFileSync(join(packageRoot, 'migration/plan/plan.schema.json'), 'utf8'),
) as object;
const isPlan = new Ajv2020({ strict: false }).compile(schema);

const PLAN = `version: 1
name: move
connections:
  old: pgvector:\${PLACE}
source: old#docs
target: lancedb:./lance#docs
`;

/** The messages of a plan's faults, one a line. */
async function faultsOf(text: string, env: NodeJS.ProcessEnv = {}): Promise<string> {
  return parsePlan(text, 'plan.yaml', env, packageRoot).then(
    () => '',
    (error: Error) => error.message,
  );
}

describe('a plan', () => {
  test('names places by connections, with variables from the environment', async () => {
    const { source, target, secrets } = await parsePlan(
      PLAN,
      'plan.yaml',
      { PLACE: './of-the-application' },
      packageRoot,
    );
    expect([source, target]).toEqual(['pgvector:./of-the-application#docs', 'lancedb:./lance#docs']);
    expect(secrets, 'addresses hold no credentials').toEqual([]);
  });

  test('takes a change log in Kafka with a place for versions, and no credentials in either', async () => {
    const faults = (log: string, rest = '') =>
      faultsOf(`${PLAN}cutover:\n  log: ${log}\n${rest}`, { PLACE: './a' });
    const versions = '  versions: ./versions\n';
    const good = 'kafka://a:9092,b.example:9093/docs-changes?tls=true&sasl=SCRAM-SHA-512';
    expect(await faults(good, versions)).toBe('');
    expect(await faults(good)).toContain('cutover needs a place for versions');
    expect(await faults('./log', versions)).toContain('cutover.versions is for a log in Kafka');
    expect(await faults('kafka://me:secret@a:9092/t', versions)).toContain(
      'cutover.log holds a password; set KAFKA_USERNAME and KAFKA_PASSWORD in the environment',
    );
    expect(await faults(good, '  versions: postgres://me:secret@a/b\n')).toContain(
      'cutover.versions holds a password; set PGPASSWORD in the environment',
    );
    for (const [log, words] of [
      ['kafka://a/t', 'names no brokers'],
      ['kafka://a:9092', 'names no brokers'],
      ['kafka://a:9092/', 'names no topic'],
      ['kafka://a:9092/a b', 'names no topic'],
      ['kafka://a:9092/t?ssl=true', 'has a parameter "ssl"'],
      ['kafka://a:9092/t?tls=yes', 'tls is true or false'],
      ['kafka://a:9092/t?sasl=GSSAPI', 'sasl is one of PLAIN'],
    ])
      expect(await faults(log!, versions)).toContain(`cutover.log ${words}`);
  });

  test('tells all faults at once, with place and nearest name', async () => {
    const text = `version: 1
name: a move
connexions: {}
connections: { old: "pgvector:./a", new: "lancdb:./b" }
source: olld#docs
target: new#docs
map: { index: { typ: hnsw }, vectors: { v: { metric: cosin } }, text: maybe }
load: { bacth: 3 }
verify: { against: sauce, samples: -1 }
queries: ./there-is-none.jsonl
`;
    const message = await faultsOf(text);
    expect(message).toContain('plan.yaml:2:7 name must consist of letters');
    expect(message).toContain('plan.yaml:3:1 connexions is not a known key. Did you mean "connections"?');
    expect(message).toContain('plan.yaml:5:9 source there is no connection "olld". Did you mean "old"?');
    expect(message).toContain('plan.yaml:6:9 target unknown engine "lancdb". Did you mean "lancedb"?');
    expect(message).toContain('map.vectors.v.metric is no metric. Did you mean "cosine"?');
    expect(message).toContain('map.text must be true or false');
    expect(message).toContain('load.bacth is not a known key. Did you mean "batch"?');
    expect(message).toContain('verify.against must be "export" or "source"');
    expect(message).toContain('plan.yaml:10:10 queries cannot be read: ENOENT');
    expect(message).toContain('verify.samples must be at least 0');
  });

  test('checks index parameters by the engine of the target', async () => {
    const text = `${PLAN}map: { index: { type: hnsw, m: 16k } }\n`;
    expect(await faultsOf(text, { PLACE: './a' })).toMatch(/plan\.yaml:7:32 map\.index\.m must be/);
  });

  test.each([
    ['a variable that is not set', PLAN, 'uses the environment variable PLACE, which is not set'],
    [
      'a target that is an export',
      PLAN.replace('lancedb:./lance#docs', 'export:./x'),
      'cannot hold a new collection',
    ],
    [
      'a target that keeps no points',
      PLAN.replace('lancedb:./lance#', 'usearch:./x#'),
      'cannot hold whole points',
    ],
    ['a target without a collection', PLAN.replace('./lance#docs', './lance'), 'names no collection'],
    ['a password', PLAN.replace(/\$\{PLACE\}/, 'postgres://a:secret@host/db'), 'holds a password'],
  ])('refuses %s', async (_, text, words) => {
    expect(await faultsOf(text)).toContain(words);
  });

  test('is what the JSON Schema says', () => {
    const example = readFileSync(join(packageRoot, 'examples/migrate-embedded/plan.yaml'), 'utf8');
    for (const text of [PLAN, example]) {
      isPlan(parse(text));
      expect(isPlan.errors).toBeNull();
    }
    expect(isPlan(parse(`${PLAN}bogus: 1\n`))).toBe(false);
  });
});
