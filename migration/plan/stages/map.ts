import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { InputError } from '../../../common/errors.js';
import type { EngineDefinition } from '../../../engines/contract/engine.js';
import { engineNames, loadEngine } from '../../../engines/registry.js';
import { parseAddress } from '../../connections/address.js';
import { openExport } from '../../export/reader.js';
import { mapFilters, readApplication } from '../../mapping/application.js';
import { needsIdMap, requireDistinct, writeIdMap } from '../../mapping/choose-ids.js';
import { filterFields } from '../../mapping/filters.js';
import { lossesOf } from '../../mapping/losses.js';
import { mapExport, observe } from '../../mapping/map.js';
import { type Loss, type Mapping, readMapping, writeMapping } from '../../mapping/mapping.js';
import type { Decision } from '../events.js';
import { hashOf } from '../hash.js';
import { edited, optionsOf } from '../mapping-wishes.js';
import type { Report, Stage, StageResult, Work } from '../stage.js';
import { countWords, idWord } from '../words.js';
import { exportFolder } from './export.js';

export const MAPPING = 'mapping.yaml';
const IDS = 'mapping.ids.parquet';

/** A mapping that is there is of these points and this target: somebody may have edited it. */
async function run(work: Work): Promise<StageResult> {
  const file = work.path(MAPPING);
  const found = existsSync(file) ? readMapping(file).mapping : undefined;
  const mapping = found ?? (await proposed(work));
  if (found !== undefined) requireSame(found, work);
  const losses = await computed(mapping, work);
  await writeIds(mapping, work);
  writeMapping(file, {
    ...mapping,
    losses: losses.map((loss) => ({ ...loss, accepted: acceptance(loss, mapping, work) })),
  });
  return result(readMapping(file).mapping);
}

async function writeIds(mapping: Mapping, work: Work): Promise<void> {
  if (!needsIdMap(mapping)) return;
  const engine = await targetEngine(work);
  const { signal } = work.surroundings;
  mapping.ids.sha256 = await writeIdMap(
    mapping,
    openExport(exportFolder(work)),
    engine,
    work.path(IDS),
    signal,
  );
  mapping.ids.file = IDS;
}

function targetEngine({ parsed }: Work): Promise<EngineDefinition> {
  return loadEngine(parseAddress(parsed.target, engineNames()).engine);
}

async function proposed(work: Work): Promise<Mapping> {
  const { parsed, surroundings, onProgress } = work;
  const { signal } = surroundings;
  const mapping = await mapExport(exportFolder(work), parsed.target, {
    ...optionsOf(work),
    signal,
    onProgress,
  });
  return edited(mapping, parsed.plan.map);
}

/** Losses of the mapping as it is; filters are translated anew, as edits give fields other names. */
async function computed(mapping: Mapping, work: Work): Promise<Loss[]> {
  const { parsed, surroundings, onProgress } = work;
  const opened = openExport(exportFolder(work));
  const engine = await targetEngine(work);
  const { capabilities } = engine;
  const { signal } = surroundings;
  const observed = await observe(opened, capabilities, { signal, onProgress });
  await requireDistinct(mapping, { opened, observed, engine }, dirname(work.path(MAPPING)), signal);
  const { queries } = parsed.plan;
  if (queries !== undefined) {
    const path = resolve(surroundings.cwd, queries);
    const application = readApplication(path, queries, filterFields(observed));
    mapping.filters = mapFilters(application, mapping.fields, capabilities);
  }
  return lossesOf(mapping, opened.manifest, observed, capabilities);
}

/** Points and target are the plan's: a mapping cannot lead elsewhere. */
function requireSame({ source, target }: Mapping, work: Work): void {
  const next = 'change it in the plan';
  if (target.place !== work.parsed.target)
    throw new InputError('the target is another than that of the plan', {
      where: MAPPING,
      got: target.place,
      next,
    });
  const { sum } = openExport(exportFolder(work)).manifest;
  if (source.sum !== sum)
    throw new InputError('is of another export', {
      where: MAPPING,
      got: source.sum,
      next: 'remove the file',
    });
}

/** Why a loss is acceptable: by the file, or by a decision; false: nobody has said so. */
function acceptance(loss: Loss, { losses }: Mapping, work: Work): Loss['accepted'] {
  const decision = decisionOf(loss);
  const taken = work.accepted.get(decision.subject);
  if (taken !== undefined) return taken.reason;
  const before = losses.find((each) => each.loss === loss.loss && each.of === loss.of);
  if (before === undefined || before.accepted === false || before.points < loss.points) return false;
  work.accept(decision, before.accepted);
  return before.accepted;
}

function result({ losses, ids }: Mapping): StageResult {
  const decisions = losses.filter(({ accepted }) => accepted === false).map(decisionOf);
  return { state: 'done', evidence: ids.file === IDS ? [MAPPING, IDS] : [MAPPING], decisions };
}

/** `loss:field-dropped:author`. */
function decisionOf({ loss, of, points, example, severity, remedy }: Loss): Decision {
  const name = of === '' ? '' : `:${idWord(of)}`;
  const shown = example === undefined ? '' : `, such as id ${example}`;
  return {
    id: `loss:${loss}${name}`,
    subject: hashOf({ loss, of, points }),
    words: `${severity}: ${loss}${of === '' ? '' : ` of "${of}"`}, ${points} points${shown}`,
    details: [remedy],
  };
}

/** Reasons go into the file, where `load` looks for them. */
async function settle(work: Work): Promise<StageResult> {
  writeMapping(work.path(MAPPING), decided(work));
  return result(readMapping(work.path(MAPPING)).mapping);
}

/** The mapping with the reasons of decisions that have been taken, which the file has once all of them are. */
function decided({ path, accepted: taken }: Work): Mapping {
  const { mapping } = readMapping(path(MAPPING));
  return {
    ...mapping,
    losses: mapping.losses.map((loss) => ({
      ...loss,
      accepted: loss.accepted || (taken.get(decisionOf(loss).subject)?.reason ?? false),
    })),
  };
}

export const mapStage: Stage = {
  name: 'map',
  title: 'Map',
  does: 'writes down what each part becomes in the target, and every loss, before anything moves',
  entry: 'the export is whole',
  exit: 'somebody answers for each loss',
  reads: ['export'],
  inputs: ({ target, plan, files }) => ({ target, map: plan.map, files }),
  output: [MAPPING, IDS],
  editable: MAPPING,
  run,
  settle,
  report: (work) => reportOf(decided(work)),
};

function reportOf({ vectors, fields, losses, target }: Mapping): Report {
  const kept = (parts: readonly { to: string | null }[]) => parts.filter(({ to }) => to !== null).length;
  const open = losses.filter(({ accepted }) => accepted === false).length;
  const state = open === 0 ? 'all accepted' : `${open} not accepted`;
  return {
    says:
      losses.length === 0 ? 'nothing is lost' : `${countWords(losses.length, 'loss', 'losses')}, ${state}`,
    figures: [
      { term: 'vectors', value: `${kept(vectors)} of ${vectors.length}`, detail: 'kept' },
      { term: 'fields', value: `${kept(fields)} of ${fields.length}`, detail: 'kept' },
      { term: 'losses', value: losses.length, detail: losses.length === 0 ? undefined : state },
      { term: 'index', value: String(target.index['type'] ?? 'default'), detail: indexWords(target.index) },
    ],
    tables: [
      {
        title: 'Losses',
        open: true,
        columns: ['severity', 'loss', 'of', 'points', 'example', 'remedy', 'accepted'],
        rows: losses.map(({ severity, loss, of, points, example = '', remedy, accepted }) => [
          severity,
          loss,
          of,
          points,
          example,
          remedy,
          accepted === false ? 'not accepted' : accepted,
        ]),
      },
      {
        title: 'What becomes of each part',
        columns: ['source', 'target', 'as'],
        rows: [
          ...vectors.map(({ from, to, type, metric }) => [
            from,
            to ?? 'dropped',
            `vector of ${type}, ${metric ?? 'metric not told'}`,
          ]),
          ...fields.map(({ from, to, as, type }) => [
            from,
            to ?? 'dropped',
            `${type ?? 'as it is'}${as === 'is' ? '' : ` (${as})`}`,
          ]),
        ],
      },
    ].filter(({ rows }) => rows.length > 0),
  };
}

function indexWords({ type: _, ...rest }: Mapping['target']['index']): string | undefined {
  const words = Object.entries(rest).map(([key, value]) => `${key} ${value}`);
  return words.length === 0 ? undefined : words.join(', ');
}
