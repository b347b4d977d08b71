import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeFloat16 } from '../../../datasets/float16.js';
import { openNpy } from '../../../datasets/formats/npy/source.js';
import {
  collect,
  DIMENSIONS,
  expectedVectors,
  expectInputError,
  fixtures,
  openFresh,
  ROWS,
  step,
  temporaryFolder,
} from './support.js';

function npy(descr: string, shape: string, body: Uint8Array): Buffer {
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape}), }`;
  const header = Buffer.from(`${text.padEnd(117)}\n`, 'latin1');
  const prefix = Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length, 0]);
  return Buffer.concat([prefix, header, body]);
}

async function readFixture(name: string, batchSize = 7) {
  const source = openNpy(join(fixtures, name));
  const all = await collect(source.read({ batchSize }));
  await source.close();
  return { source, ...all };
}

describe('npy', () => {
  const floats = ['f2-le', 'f4-le', 'f8-le', 'f2-be', 'f4-be', 'f8-be', 'version2'];
  it.each(floats)('reads %s as numpy wrote it', async (name) => {
    const { source, ids, vectors } = await readFixture(`${name}.npy`);
    expect([source.count, source.dimensions]).toEqual([ROWS, DIMENSIONS]);
    expect(ids[19]).toBe('19');
    expect(vectors).toEqual(expectedVectors());
  });

  it('reads bytes', async () => {
    expect((await readFixture('u1.npy')).vectors).toEqual(expectedVectors(step));
    expect((await readFixture('i1.npy')).vectors).toEqual(
      expectedVectors((row, column) => step(row, column) - 16),
    );
  });

  it('gives the same vectors for every batch size', async () => {
    for (const batchSize of [1, 19, 20, 1000]) {
      expect((await readFixture('f4-le.npy', batchSize)).vectors).toEqual(expectedVectors());
    }
  });

  it('comes back from any file written in the format', async () => {
    const path = join(temporaryFolder(), 'random.npy');
    const rows = fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 5 })).chain(([n, d]) =>
      fc.record({
        n: fc.constant(n),
        d: fc.constant(d),
        values: fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), {
          minLength: n * d,
          maxLength: n * d,
        }),
        batchSize: fc.integer({ min: 1, max: 10 }),
      }),
    );
    await fc.assert(
      fc.asyncProperty(rows, async ({ n, d, values, batchSize }) => {
        const data = Float32Array.from(values);
        writeFileSync(path, npy('<f4', `${n}, ${d}`, new Uint8Array(data.buffer)));
        const source = openNpy(path);
        expect((await collect(source.read({ batchSize }))).vectors).toEqual([...data]);
        await source.close();
      }),
      { numRuns: 50 },
    );
  });

  it('reads halves that encodeFloat16 wrote', async () => {
    const path = join(temporaryFolder(), 'half.npy');
    const halves = Uint16Array.from([1, -0.5, 0.25, 100], encodeFloat16);
    writeFileSync(path, npy('<f2', '2, 2', new Uint8Array(halves.buffer)));
    expect((await collect(openNpy(path).read({ batchSize: 5 }))).vectors).toEqual([1, -0.5, 0.25, 100]);
  });

  it('takes ids and metadata from a jsonl file with one line per row', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'v.npy'), readFileSync(join(fixtures, 'f2-le.npy')));
    const lines = Array.from({ length: ROWS }, (_, i) =>
      JSON.stringify({ id: `d${i}`, year: i % 3 ? 2000 + i : null }),
    );
    writeFileSync(join(folder, 'd.jsonl'), lines.join('\n'));
    writeFileSync(
      join(folder, 'dataset.yaml'),
      'name: mine\nformat: npy\npoints: { file: v.npy, metadata: d.jsonl }\nquerySets: [{ name: own, file: v.npy, metadata: d.jsonl }]\n',
    );
    const dataset = await openFresh(folder);
    expect(dataset.info.fields).toEqual([{ name: 'year', type: 'integer', nullable: true }]);
    const { ids, metadata, vectors } = await collect(dataset.points({ batchSize: 6, metadata: ['year'] }));
    expect(ids[19]).toBe('d19');
    expect(metadata['year']!.slice(0, 3)).toEqual([null, 2001, 2002]);
    expect(vectors).toEqual(expectedVectors());
    expect((await dataset.queries('own')).fields['year']![1]).toBe(2001);

    writeFileSync(join(folder, 'd.jsonl'), lines.slice(1).join('\n'));
    await expectInputError(openFresh(folder), 'v.npy', '20 rows', 'd.jsonl has 19 lines');
  });

  it.each([
    ['one-dimension.npy', 'one vector per row'],
    ['formats/structured.npy', "save the field with the vectors: np.save(path, array['v'])"],
    ['formats/objects.npy', 'np.stack(np.load(path, allow_pickle=True))'],
  ])('refuses %s', async (name, message) => {
    await expectInputError(openFresh(name), name, message);
  });

  it('refuses a file that is cut off or is something else', async () => {
    const folder = temporaryFolder();
    const whole = readFileSync(join(fixtures, 'f4-le.npy'));
    const damaged: [string, Buffer, string][] = [
      ['rows.npy', whole.subarray(0, 600), 'has 600 bytes'],
      ['long.npy', Buffer.concat([whole, Buffer.alloc(4)]), 'has 612 bytes'],
      ['header.npy', whole.subarray(0, 40), 'ends at byte 40'],
      ['start.npy', whole.subarray(0, 5), 'start.npy'],
      ['empty.npy', Buffer.alloc(0), 'empty.npy'],
      ['text.npy', Buffer.from('no vectors in here, only words'), 'not a readable npy file'],
    ];
    for (const [name, bytes, message] of damaged) {
      writeFileSync(join(folder, name), bytes);
      await expectInputError(openFresh(join(folder, name)), name, message);
    }
  });
});
