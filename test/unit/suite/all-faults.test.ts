import { describe, expect, test } from 'vitest';
import { faultText } from '../../../common/faults.js';
import { engine as usearch } from '../../../engines/usearch/engine.js';
import { SuiteError } from '../../../harness/suite/faults.js';
import { parseSuite } from '../../../harness/suite/parse.js';

const definitions = new Map([[usearch.name, usearch]]);

/** Every fault of a suite with these entries, without file and position. */
function faults(engines: string, more = ''): string[] {
  const text = `version: 1\nname: s\ndataset: d\n${more}engines:\n${engines}`;
  try {
    parseSuite(text, 's.yaml', {}, definitions);
    return [];
  } catch (error) {
    if (!(error instanceof SuiteError)) throw error;
    return error.faults.map((fault) => faultText(fault).replace(/^s\.yaml:\d+:\d+ /, ''));
  }
}

describe('all faults of a suite are told at once', () => {
  test('an empty sweep does not hide an unknown engine, in its own entry or in another', () => {
    const own = faults('  - { use: usaerch, search: { ef: [] } }\n');
    expect(own).toEqual([
      'engines[0].use is an unknown engine. Did you mean "usearch"? (got "usaerch")',
      'engines[0].search.ef must not be empty (got [])',
    ]);
    const other = faults(
      '  - { use: usearch, index: { type: hnsw }, search: { ef: [] } }\n  - { use: usaerch }\n',
    );
    expect(other).toHaveLength(2);
  });

  test('nor a wrong parameter beside it, nor a wrong server', () => {
    expect(
      faults('  - { use: usearch, index: { type: hnsw, m: 16k }, search: { ef: [] }, image: x/y:1 }\n'),
    ).toEqual([
      'engines[0].index.m must be an integer from 2 to 256 (got "16k")',
      'engines[0].search.ef must not be empty (got [])',
      'engines[0].image is for engines with a server, and usearch runs inside the process\n  next: remove it',
    ]);
  });

  test('and brings no fault of its own: without the kind of index its parameters are not judged', () => {
    expect(faults('  - { use: usearch, index: { type: [], m: 16, rubbish: 1 } }\n')).toEqual([
      'engines[0].index.type must not be empty (got [])',
    ]);
  });

  test('a key that is not known hides nothing either', () => {
    expect(faults('  - { use: usaerch, serach: { ef: 16 } }\n')).toEqual([
      'engines[0].use is an unknown engine. Did you mean "usearch"? (got "usaerch")',
      'engines[0].serach is not a known key. Did you mean "search"?',
    ]);
  });

  test('selectors of gates and parities are told with faults elsewhere, but not on a plan with gaps', () => {
    const entry = '  - { use: usearch, index: { type: hnsw }, search: { ef: [16, 32] } }\n';
    const more = 'memoryLimit: lots\nparity: { reference: "ef:16", candidate: "ef:33" }\n';
    const gate = 'gates: { "recall@10{eff:16}": mean >= 0.9 }\n';
    const found = faults(entry, more + gate);
    expect(found.map((each) => each.split(' ')[0])).toEqual([
      'memoryLimit',
      'parity.candidate',
      'gates.recall@10{eff:16}',
    ]);
    expect(faults(entry.replace('hnsw', 'hnws'), more + gate).join('\n')).not.toContain('names no trial');
  });
});
