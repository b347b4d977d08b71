import { existsSync } from 'node:fs';
import { writeFileAtomic } from '../../../common/files.js';
import { MOST_RECORD, readRegularText } from '../../../common/regular-file.js';
import { readMapping } from '../../mapping/mapping.js';
import type { VerifyFinding } from '../../verify/findings.js';
import { type Verification, verify } from '../../verify/verify.js';
import type { Decision } from '../events.js';
import { hashOf } from '../hash.js';
import type { Report, Stage, StageResult, Work } from '../stage.js';
import { countWords, idWord } from '../words.js';
import { exportFolder } from './export.js';
import { MAPPING } from './map.js';

const RESULT = 'verify.json';
const DIFFERENCES = 'differences.parquet';
const REJECTED = 'load/rejects.parquet';

async function run(work: Work): Promise<StageResult> {
  const { parsed, surroundings, path, onProgress } = work;
  const { against, samples } = parsed.plan.verify;
  const result = await verify(
    against === 'source' ? parsed.source : `export:${exportFolder(work)}`,
    parsed.target,
    {
      ...surroundings,
      mapping: readMapping(path(MAPPING)).mapping,
      mappingFolder: work.folder,
      differences: path(DIFFERENCES),
      samples,
      rejects: existsSync(path(REJECTED)) ? path(REJECTED) : undefined,
      onProgress: (side, done, total) => onProgress(side === 'source' ? done : total + done, 2 * total),
    },
  );
  writeFileAtomic(path(RESULT), `${JSON.stringify(parsed.redactor.json(result), undefined, 2)}\n`);
  const evidence = [RESULT, DIFFERENCES];
  if (isEqual(result)) return { state: 'done', evidence, decisions: result.findings.map(decisionOf) };
  return { state: 'failed', evidence, problem: problemOf(result) };
}

/** No point differs; those that the target refused and for which somebody has answered are in no count. */
function isEqual({ counts }: Verification): boolean {
  const { matching: _, ...others } = counts;
  return Object.values(others).every((count) => count === 0);
}

/** Every point is equal, and the target answers otherwise: how an index is built, not what was moved. */
function decisionOf({ finding, of, what, examples }: VerifyFinding): Decision {
  return {
    id: `verify:${finding}${of === '' ? '' : `:${idWord(of)}`}`,
    subject: hashOf({ finding, of, what }),
    words: `${finding}${of === '' ? '' : ` of "${of}"`}: ${what}`,
    details: [
      ...(examples.length === 0 ? [] : [`such as ${examples.join(', ')}`]),
      'all points are equal; look at index and search parameters of the target, or say why this is right',
    ],
  };
}

function problemOf({ counts, samples, findings }: Verification): string {
  const { mismatched, missing, extra, duplicateInSource, duplicateInTarget } = counts;
  const parts = [
    [mismatched, 'differ'],
    [missing, 'are missing in the target'],
    [extra, 'are in the target alone'],
    [duplicateInSource + duplicateInTarget, 'repeat an id'],
  ] as const;
  const words = [
    ...parts.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`),
    ...findings
      .slice(0, 3)
      .map(({ finding, of, what }) => `${finding}${of === '' ? '' : ` (${of})`}: ${what}`),
  ];
  const [first] = samples;
  const shown =
    first === undefined ? '' : `; the first: id ${first.id} (${[first.kind, ...first.words].join(', ')})`;
  return `source and target are not equal: ${words.join(', ')}${shown}`;
}

export const verifyStage: Stage = {
  name: 'verify',
  title: 'Verify',
  does: 'compares every point of both sides by id, by code that shares nothing with the load',
  entry: 'the load is complete',
  exit: 'no point differs, is missing, is extra or repeats an id',
  reads: ['export', 'map', 'load'],
  inputs: ({ source, target, plan }) => ({ source, target, verify: plan.verify }),
  output: [RESULT, DIFFERENCES],
  run,
  report: ({ path }) => reportOf(JSON.parse(readRegularText(path(RESULT), MOST_RECORD)) as Verification),
};

function outWords(accepted: Verification['accepted']): string {
  const out = accepted.reduce((sum, { points }) => sum + points, 0);
  return out === 0
    ? ''
    : `; ${countWords(out, 'refused point')} stay${out === 1 ? 's' : ''} out, as accepted`;
}

function reportOf({ state, counts, accepted, source, target, samples }: Verification): Report {
  const { matching, mismatched, missing, extra, duplicateInSource, duplicateInTarget } = counts;
  return {
    says:
      state === 'equal'
        ? `all ${countWords(matching, 'point')} are in the target as the mapping wants them${outWords(accepted)}`
        : `${countWords(matching, 'point')} equal, ${mismatched + missing + extra} not`,
    figures: [
      {
        term: 'equal',
        value: matching,
        detail: `${source.read} read in the source, ${target.read} in the target`,
      },
      { term: 'different', value: mismatched },
      { term: 'missing', value: missing },
      { term: 'extra', value: extra },
      ...accepted.map(({ reason, points }) => ({ term: 'refused, accepted', value: points, detail: reason })),
      { term: 'repeated', value: duplicateInSource + duplicateInTarget },
    ],
    tables:
      samples.length === 0
        ? []
        : [
            {
              title: 'First differences',
              open: true,
              columns: ['id', 'type', 'what', 'in words'],
              rows: samples.map(({ id, type, kind, words }) => [id, type, kind, words.join('; ')]),
            },
          ],
  };
}
