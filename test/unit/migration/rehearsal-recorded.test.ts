import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Point } from '../../../engines/contract/points.js';
import { loadEngine } from '../../../engines/registry.js';
import type { RehearsalData } from '../../../migration/rehearsal/data.js';
import { Ledger, REVISION } from '../../../migration/rehearsal/ledger.js';
import { makeMapping, openMapping } from '../../../migration/rehearsal/mapped.js';
import { DEFAULT_MIX, Operations } from '../../../migration/rehearsal/operations.js';
import { recordedChanges, recordedQueries } from '../../../migration/rehearsal/recorded.js';

const point = (id: string): Point => ({
  id,
  vectors: { vector: Float32Array.of(1, 0) },
  metadata: { section: 'old', [REVISION]: 0 },
  text: `text of ${id}`,
});
const DATA: RehearsalData = {
  ...{ from: 'a test', points: ['a', 'b', 'c'].map(point), vector: 'vector', leftOut: [] },
  spec: {
    vectors: [{ name: 'vector', kind: 'dense', type: 'f32', dimensions: 2, metric: 'cosine' }],
    ids: 'string',
    fields: [
      { name: 'section', type: 'string', nullable: true },
      { name: REVISION, type: 'integer', nullable: true },
    ],
    text: true,
  },
};

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'vecproof-recorded-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(...lines: readonly unknown[]): string {
  const path = join(folder, 'lines.jsonl');
  writeFileSync(
    path,
    lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n'),
  );
  return path;
}
const changes = (...lines: readonly unknown[]) => recordedChanges(file(...lines), 'changes.jsonl', DATA);

describe('recorded traffic', () => {
  test('is written in its order, each row by itself, and begins again at its end', () => {
    const recorded = changes(
      { kind: 'upsert', id: 'a', metadata: { section: 'one', unknown: 1 } },
      { kind: 'upsert', id: 'a', text: 'two' },
      { kind: 'delete', id: 'b' },
      { kind: 'upsert', id: 'new', vector: [0, 1] },
    );
    const ledger = new Ledger(DATA.points);
    const operations = new Operations(DATA, ledger, 1, DEFAULT_MIX, { changes: recorded });
    const busy = new Set<string | bigint>();
    const next = () => {
      const operation = operations.next(busy);
      ledger.begin(operation.number, operation.id, operation.point).state = 'acknowledged';
      return operation;
    };
    const first = next();
    expect([first.id, first.point!.metadata]).toEqual(['a', { section: 'one', [REVISION]: 1 }]);
    busy.add('a');
    // The second change of "a" waits; what is of other rows does not.
    expect([next().id, next().id]).toEqual(['b', 'new']);
    busy.clear();
    const second = next();
    expect([second.id, second.point!.text, second.point!.metadata['section']]).toEqual(['a', 'two', 'one']);
    expect(ledger.latest('new')!.vectors['vector']).toEqual(Float32Array.of(0, 1));
    expect([next().id, next().id, next().id]).toEqual(['a', 'a', 'b']);
    expect(operations.recordedWords).toBe('7 changes of 4 recorded ones');
  });

  test('asks recorded queries one after the other', () => {
    const path = file({ id: 'q1', vector: [1, 2], filter: { section: 'x' } }, { vector: [3, 4] });
    const queries = recordedQueries(path, 'queries.jsonl', DATA);
    const operations = new Operations(DATA, new Ledger(DATA.points), 1, DEFAULT_MIX, { queries });
    expect([1, 2, 3].map(() => Array.from(operations.query()))).toEqual([
      [1, 2],
      [3, 4],
      [1, 2],
    ]);
  });

  test.each([
    ['no JSON', ['{'], 'changes.jsonl:1 '],
    ['an unknown kind', [{ kind: 'update', id: 'a' }], 'changes.jsonl:1 kind '],
    ['an unknown key', [{ kind: 'delete', id: 'a', when: 3 }], 'Unrecognized key'],
    ['an id of another kind', [{ kind: 'delete', id: 7 }], 'ids are texts here'],
    [
      'another length',
      [{ kind: 'upsert', id: 'a', vector: [1] }],
      'has 1 numbers, the vector "vector" has 2',
    ],
    ['a new row without a vector', ['', { kind: 'upsert', id: 'x' }], 'changes.jsonl:2 makes a row'],
    [
      'a field of another type',
      [{ kind: 'upsert', id: 'a', metadata: { section: 7 } }],
      'type string cannot be 7',
    ],
    ['nothing', [], 'holds no line'],
  ])('is refused by its line: %s', (_, lines, words) => {
    expect(() => changes(...lines)).toThrow(words);
  });
});

test('a mapping is made of the rehearsed rows, with every loss told', async () => {
  const { files, losses } = await makeMapping({
    data: DATA,
    source: await loadEngine('pgvector'),
    target: await loadEngine('lancedb'),
    place: 'lancedb:./target#scratch',
    options: { index: {}, ids: 'uuid5' },
    edited: (mapping) => ({
      ...mapping,
      vectors: mapping.vectors.map((each) => ({ ...each, to: 'embedding' })),
      fields: mapping.fields.map((each) => (each.from === 'section' ? { ...each, to: 'area' } : each)),
    }),
    folder: join(folder, 'mapping'),
    signal: new AbortController().signal,
  });
  expect(losses).toContain('mapping: field-renamed of "section", 3 points');
  const mapped = await openMapping(files);
  const [a] = DATA.points;
  const there = mapped.as({ ...a!, id: 'inserted later' });
  expect([there.id, there.metadata['area'], Object.keys(there.vectors)]).toEqual([
    'inserted later',
    'old',
    ['embedding'],
  ]);
  expect(mapped.idOf('inserted later')).toMatch(/^[0-9a-f-]{36}$/);
  expect(mapped.vectorOf('vector')).toBe('embedding');
  // What the target is to hold is judged in its own terms: a row as the source has it is not what was mapped.
  const ledger = new Ledger(DATA.points);
  const right = DATA.points.map((each) => mapped.as(each));
  expect(ledger.compare(right, mapped.as)).toEqual([]);
  expect(ledger.compare(DATA.points, mapped.as).map(({ kind }) => kind)).toEqual([
    'content',
    'content',
    'content',
  ]);
});
