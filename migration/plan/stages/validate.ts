import { writeFileAtomic } from '../../../common/files.js';
import { MOST_RECORD, readRegularText } from '../../../common/regular-file.js';
import { inventorySchema } from '../../inventory/model.js';
import { SEVERITIES } from '../../validate/catalogue.js';
import { loadEmbed } from '../../validate/embedding.js';
import { type Finding, type Validation, validationSchema } from '../../validate/model.js';
import { validatePlace } from '../../validate/validate.js';
import type { Decision } from '../events.js';
import { hashOf } from '../hash.js';
import type { Report, Stage, StageResult, Work } from '../stage.js';
import { countWords, idWord } from '../words.js';
import { captureBegan, writtenSince } from '../written.js';
import { exportFolder } from './export.js';
import { INVENTORY } from './inventory.js';

const RESULT = 'validation.json';

async function run(work: Work): Promise<StageResult> {
  const { parsed, surroundings, path, onProgress } = work;
  const { validate, inventory } = parsed.plan;
  const result = await validatePlace(`export:${exportFolder(work)}`, {
    ...surroundings,
    against: inventorySchema.parse(JSON.parse(readRegularText(path(INVENTORY), MOST_RECORD))),
    written: await writtenToSource(work),
    embed: validate.embed === undefined ? undefined : await loadEmbed(validate.embed, surroundings.cwd),
    tenantField: inventory.tenant,
    failOn: validate.failOn,
    onProgress,
  });
  writeFileAtomic(path(RESULT), `${JSON.stringify(parsed.redactor.json(result), undefined, 2)}\n`);
  return { state: 'done', evidence: [RESULT], decisions: failing(result).map(decisionOf) };
}

/** Between inventory and export at most: where the plan has a cutover, both are taken behind the application's markers. */
async function writtenToSource(work: Work): Promise<number | undefined> {
  if (work.parsed.plan.cutover === undefined) return undefined;
  return (await writtenSince(work, captureBegan(work))).size;
}

function failing({ findings, failOn }: Validation): Finding[] {
  const least = SEVERITIES.indexOf(failOn);
  return findings.filter(({ severity }) => SEVERITIES.indexOf(severity) <= least);
}

function decisionOf({ check, severity, of, points, what, examples, remedy }: Finding): Decision {
  const shown = examples.length === 0 ? '' : `, such as ${examples.join(', ')}`;
  return {
    id: `finding:${check}${of === '' ? '' : `:${idWord(of)}`}`,
    subject: hashOf({ check, of, points, what }),
    words: `${severity}: ${check}${of === '' ? '' : ` of "${of}"`}: ${what}${shown}`,
    details: [remedy],
  };
}

function reportOf({ points, counts, checks, findings, failOn }: Validation): Report {
  const found = SEVERITIES.filter((each) => counts[each] > 0).map((each) => countWords(counts[each], each));
  const clean = checks.filter(({ state }) => state === 'clean').length;
  const open = checks.filter(({ state }) => state === 'not-checked');
  return {
    says: `${countWords(points, 'point')} checked, ${found.length === 0 ? 'nothing found' : found.join(', ')}`,
    figures: [
      { term: 'points', value: points },
      ...SEVERITIES.map((each) => ({ term: `${each}s`, value: counts[each] })),
      { term: 'checks without a finding', value: `${clean} of ${checks.length}` },
    ],
    tables: [
      {
        title: 'Findings',
        open: true,
        columns: ['severity', 'check', 'of', 'points', 'what', 'examples', 'remedy'],
        rows: findings.map(({ severity, check, of, points: concerned, what, examples, remedy }) => [
          severity,
          check,
          of,
          concerned,
          what,
          examples.join(', '),
          remedy,
        ]),
      },
      {
        title: `Not checked (findings fail from ${failOn} on)`,
        columns: ['check', 'why'],
        rows: open.map(({ check, reason = '' }) => [check, reason]),
      },
    ].filter(({ rows }) => rows.length > 0),
  };
}

export const validateStage: Stage = {
  name: 'validate',
  title: 'Validate',
  does: 'checks every point of the export: ids, vectors, types, texts, provenance',
  entry: 'the export is whole',
  exit: 'nothing is found that would be wrong in the target, or somebody answers for it',
  reads: ['inventory', 'export'],
  inputs: ({ plan, files }) => ({
    validate: plan.validate,
    tenant: plan.inventory.tenant,
    embed: files.embed,
  }),
  locked: ({ plan }) => plan.validate.failOn,
  output: [RESULT],
  run,
  report: ({ path }) =>
    reportOf(validationSchema.parse(JSON.parse(readRegularText(path(RESULT), MOST_RECORD)))),
};
