import { resolve } from 'node:path';
import { writeFileAtomic } from '../../../common/files.js';
import { MOST_RECORD, readRegularText } from '../../../common/regular-file.js';
import { type Inventory, inventorySchema } from '../../inventory/model.js';
import { takeInventory } from '../../inventory/take.js';
import type { Decision } from '../events.js';
import { hashOf } from '../hash.js';
import type { Report, Stage, StageResult, Work } from '../stage.js';
import { countWords, idWord } from '../words.js';
import { positionNow, writtenSince } from '../written.js';

export const INVENTORY = 'inventory.json';

async function run(work: Work): Promise<StageResult> {
  const { parsed, surroundings, path, onProgress } = work;
  const { inventory: wishes, queries } = parsed.plan;
  const begun = parsed.plan.cutover === undefined ? undefined : await positionNow(work);
  const inventory = await takeInventory(parsed.source, {
    ...surroundings,
    byId: wishes.byId,
    tenantField: wishes.tenant,
    queries: queries === undefined ? undefined : resolve(surroundings.cwd, queries),
    onProgress: (pass, done, total) => onProgress(pass === 'scan' ? done : total + done, 2 * total),
  });
  writeFileAtomic(path(INVENTORY), `${JSON.stringify(parsed.redactor.json(inventory), undefined, 2)}\n`);
  const written = begun === undefined ? 0 : (await writtenSince(work, begun)).size;
  return { state: 'done', evidence: [INVENTORY], decisions: decisionsOf(inventory, written) };
}

/** Parts of which no more points disagree than were written while they were looked at one after the other. */
function explainedBy(written: number, { counter, scanned, byId }: Inventory['counts']): string[] {
  const { asked, found, withVector, differing } = byId ?? NONE;
  const apart = Math.max(Math.abs(counter - scanned), asked - found);
  const others = Math.max(found - withVector, differing.count);
  return [...(apart <= written ? ['counts'] : []), ...(others <= written ? ['vectors'] : [])];
}

const NONE = { asked: 0, found: 0, withVector: 0, differing: { count: 0 } };

/**
 * What would make every later figure doubtful: counts that disagree, and a metric that is another than declared.
 * @param written points that the change log names since the inventory began
 */
export function decisionsOf({ warnings, vectors, counts }: Inventory, written: number): Decision[] {
  const contradicted = vectors.filter(
    ({ declared, measured }) =>
      declared !== null &&
      'metric' in measured &&
      measured.state === 'measured' &&
      measured.metric !== declared,
  );
  const doubtful = new Set(['counts', 'ids', 'vectors', ...contradicted.map(({ name }) => `vector ${name}`)]);
  if (written > 0) for (const of of explainedBy(written, counts)) doubtful.delete(of);
  const about = new Map<string, string[]>();
  for (const { about: of, what } of warnings)
    if (doubtful.has(of)) about.set(of, [...(about.get(of) ?? []), what]);
  return [...about].map(([of, details]) => ({
    id: `inventory:${idWord(of)}`,
    subject: hashOf({ of, details, counted: of === 'counts' ? counts : null }),
    words: `the source is not what it says: ${of}`,
    details,
  }));
}

function reportOf({
  counts,
  vectors,
  fields,
  fingerprint,
  warnings,
  engine,
  engineVersion,
  tenants,
}: Inventory): Report {
  const asked = fingerprint.filter(({ state }) => state !== 'not-asked');
  const same = asked.filter(({ state }) => state === 'same').length;
  return {
    says: `${countWords(counts.distinct, 'point')} in the source, ${countWords(warnings.length, 'warning')}`,
    figures: [
      {
        term: 'points',
        value: counts.distinct,
        detail: `${counts.counter} by its own counter, ${counts.scanned} scanned`,
      },
      {
        term: 'readable by id',
        value: counts.byId?.withVector ?? 'not asked',
        detail: counts.byId === null ? undefined : `of ${counts.byId.asked} asked for`,
      },
      { term: 'filter probes as expected', value: `${same} of ${asked.length}` },
      { term: 'engine', value: engineVersion === null ? engine : `${engine} ${engineVersion}` },
      ...(tenants.points > 0 ? [{ term: 'tenants', value: tenants.distinct.count }] : []),
    ],
    tables: [
      {
        title: 'Warnings',
        open: true,
        columns: ['about', 'what'],
        rows: warnings.map(({ about, what }) => [about, what]),
      },
      {
        title: 'Vectors',
        columns: ['name', 'type', 'declared metric', 'measured', 'points', 'of length 1'],
        rows: vectors.map(({ name, kind, type, dimensions, declared, measured, points, unit }) => [
          name,
          kind === 'dense' ? `${dimensions} × ${type}` : kind,
          declared ?? 'none',
          'metric' in measured ? `${measured.metric} (${measured.form})` : measured.reason,
          points,
          unit,
        ]),
      },
      {
        title: 'Fields',
        columns: ['name', 'type', 'values', 'null', 'missing', 'different values'],
        rows: fields.map(({ name, type, types, values, nulls, missing, distinct }) => [
          name,
          type ?? Object.keys(types).join(' | '),
          values,
          nulls,
          missing,
          distinct.count,
        ]),
      },
    ].filter(({ rows }) => rows.length > 0),
  };
}

export const inventoryStage: Stage = {
  name: 'inventory',
  title: 'Inventory',
  does: 'counts the source in three ways, measures its metric, and asks how its filters answer',
  entry: 'the source can be reached',
  exit: 'the counts agree and the measured metric is the declared one, or somebody answers for it',
  reads: [],
  inputs: ({ source, plan, files }) => ({ source, inventory: plan.inventory, queries: files.queries }),
  output: [INVENTORY],
  run,
  report: ({ path }) =>
    reportOf(inventorySchema.parse(JSON.parse(readRegularText(path(INVENTORY), MOST_RECORD)))),
};
