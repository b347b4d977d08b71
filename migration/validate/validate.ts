import { rm } from 'node:fs/promises';
import { InputError } from '../../common/errors.js';
import { packageInfo } from '../../common/paths.js';
import { temporaryFolder } from '../../common/temporary.js';
import type { EngineDefinition } from '../../engines/contract/engine.js';
import { loadEngine } from '../../engines/registry.js';
import type { Surroundings } from '../connections/reach.js';
import { pointBytes, RowSum } from '../export/row-hash.js';
import type { Inventory } from '../inventory/model.js';
import { measureMetric } from '../probe/metric.js';
import { openPlace, type Place } from '../probe/place.js';
import { type Profile, Profiler } from '../probe/profile.js';
import { BlockSample } from './blocks.js';
import { CHECK_NAMES, SEVERITIES, type Severity } from './catalogue.js';
import { checkAgainst } from './check-against.js';
import { checkFields } from './check-fields.js';
import { checkMeaning } from './check-meaning.js';
import { checkPoints } from './check-points.js';
import { checkTarget, textLimit } from './check-target.js';
import { checkEmbedding, type Embed } from './embedding.js';
import { Findings } from './findings.js';
import { VALIDATION_VERSION, type Validation, validationSchema } from './model.js';
import { ProvenanceCheck } from './provenance.js';
import { SameVectors } from './same-vectors.js';

export interface ValidateOptions extends Surroundings {
  /** What the place should hold. */
  against?: Inventory | undefined;
  /** Points that were written since `against` was taken, as a change log has them. */
  written?: number | undefined;
  /** Name of the engine that the points are meant for. */
  target?: string | undefined;
  /** Embeds the texts of a sample again. */
  embed?: Embed | undefined;
  /** Least severity that fails; errors if absent. */
  failOn?: Severity | undefined;
  tenantField?: string | undefined;
  seed?: number | undefined;
  onProgress?(done: number, total: number): void;
}

const SAMPLE = 64;
/** Vectors of a point whose meaning is looked at: each sample takes memory. */
const MEANINGS = 3;

/**
 * Reads every point of an export or a collection once and checks it. Time grows with the number of points, memory does not.
 * @throws InputError, FailureError if the place cannot be opened; a file that is damaged is a finding
 */
export async function validatePlace(text: string, options: ValidateOptions): Promise<Validation> {
  const folder = await temporaryFolder('validate');
  const target = options.target === undefined ? undefined : await loadEngine(options.target);
  let place: Place | undefined;
  try {
    place = await openPlace(text, options);
    return await validationOf(place, folder, target, options);
  } catch (error) {
    const damaged = damagedFile(error);
    if (damaged === undefined) throw error;
    const findings = new Findings();
    findings.whole('file-damaged', damaged.where!, damaged.what);
    findings.notChecked('a file cannot be read', ...CHECK_NAMES);
    return resultOf(place?.place ?? text, 0, target, findings, options);
  } finally {
    await place?.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** An error about one of the files of an export; undefined: another error. */
function damagedFile(error: unknown): InputError | undefined {
  const isFile =
    error instanceof InputError && /points-\d{5,}\.(parquet|jsonl\.zst)$/.test(error.where ?? '');
  return isFile ? error : undefined;
}

async function validationOf(
  place: Place,
  folder: string,
  target: EngineDefinition | undefined,
  options: ValidateOptions,
): Promise<Validation> {
  const findings = new Findings();
  const { against, embed, written = 0 } = options;
  const { profile, finish } = await pass(place, folder, target, options);
  checkCounts(place, profile, findings);
  if (against === undefined)
    findings.notChecked(
      'no inventory was given',
      'ids-differ',
      'written-meanwhile',
      'share-changed',
      'field-lost',
    );
  else checkAgainst(against, profile, findings, written);
  checkPoints(place, profile, findings);
  checkFields(profile, findings);
  finish(findings);
  if (target === undefined)
    findings.notChecked(
      'no target was given',
      'target-text-too-long',
      'target-vector',
      'target-id',
      'target-name',
    );
  else checkTarget(place, profile, target, findings);
  const [first] = place.shape.vectors.filter(({ kind, type }) => kind === 'dense' && type !== 'bit');
  if (embed === undefined || first === undefined)
    findings.notChecked('no model was given', 'embedding-differs');
  else await checkEmbedding(embed, first, profile.sample, findings);
  await checkMetric(place, profile, findings);
  return resultOf(place.place, profile.points, target, findings, options);
}

/** One pass over all points; `finish` reports what does not come from the profile. */
async function pass(
  place: Place,
  folder: string,
  target: EngineDefinition | undefined,
  { signal, seed = 1, tenantField, onProgress }: ValidateOptions,
): Promise<{ profile: Profile; finish(findings: Findings): void }> {
  const { shape, counter, manifest } = place;
  const maxTextBytes = target && textLimit(target);
  const profiler = new Profiler({
    shape,
    folder,
    expected: counter,
    sample: SAMPLE,
    seed,
    tenantField,
    maxTextBytes,
  });
  const numbers = shape.vectors
    .filter(({ kind, type }) => kind === 'dense' && type !== 'bit')
    .slice(0, MEANINGS);
  const samples = numbers.map((field) => ({ name: field.name, sample: new BlockSample(field, seed) }));
  const same = shape.vectors.map((field, at) => new SameVectors(field, at, folder, counter));
  const provenance = new ProvenanceCheck();
  const sum = manifest === undefined ? undefined : new RowSum();
  for await (const points of place.scan()) {
    signal.throwIfAborted();
    for (const point of points) {
      profiler.add(point);
      for (const { sample } of samples) sample.add(point);
      for (const each of same) each.add(point);
      provenance.add(point);
      sum?.addBytes(pointBytes(shape, point));
    }
    onProgress?.(profiler.points, Math.max(counter, profiler.points));
  }
  return {
    profile: profiler.finish(),
    finish: (findings) => {
      if (sum === undefined)
        findings.notChecked('only exports have hashes', 'content-differs', 'file-damaged');
      else if (sum.result().sum !== manifest!.sum)
        findings.whole(
          'content-differs',
          '',
          `their hashes add up to ${sum.result().sum.slice(0, 12)}…, the manifest says ${manifest!.sum.slice(0, 12)}…`,
        );
      for (const each of same) each.report(findings);
      provenance.report(findings);
      for (const { name, sample } of samples) checkMeaning(name, sample, findings);
      if (samples.length === 0)
        findings.notChecked(
          'no vector is dense and of numbers',
          'vectors-shifted',
          'text-vector-unrelated',
          'models-mixed',
        );
    },
  };
}

function checkCounts({ counter, manifest }: Place, { points }: Profile, findings: Findings): void {
  const by = manifest === undefined ? 'the engine counts' : 'the manifest says';
  if (points !== counter) findings.whole('count-differs', '', `${points} points were read, ${by} ${counter}`);
  if (
    manifest !== undefined &&
    manifest.counts.before === manifest.counts.after &&
    manifest.counts.after !== points
  )
    findings.whole(
      'count-differs',
      'source',
      `${points} points, its source counted ${manifest.counts.after}`,
    );
}

async function checkMetric({ live, shape }: Place, { sample }: Profile, findings: Findings): Promise<void> {
  if (live === undefined) {
    findings.notChecked('files answer no searches', 'metric-contradicted');
    return;
  }
  for (const field of shape.vectors) {
    const known = sample.slice(0, 8).flatMap(({ vectors }) => vectors[field.name] ?? []);
    const found = await measureMetric(live, field, known);
    if (found.state === 'not-asked' || found.state === 'not-established')
      findings.notChecked(`vector ${field.name}: ${found.reason}`, 'metric-contradicted');
    else if (field.metric !== null && found.metric !== field.metric)
      findings.whole(
        'metric-contradicted',
        field.name,
        `scores are ${found.form} (${found.metric}), declared is ${field.metric}`,
      );
  }
}

function resultOf(
  place: string,
  points: number,
  target: EngineDefinition | undefined,
  findings: Findings,
  { failOn = 'error' }: ValidateOptions,
): Validation {
  const { checks, counts, findings: found } = findings.result();
  const fails = SEVERITIES.slice(0, SEVERITIES.indexOf(failOn) + 1).some((severity) => counts[severity] > 0);
  return validationSchema.parse({
    format: 'vecproof-validation',
    version: VALIDATION_VERSION,
    tool: `${packageInfo().name} ${packageInfo().version}`,
    takenAt: new Date().toISOString(),
    place,
    target: target?.name ?? null,
    points,
    failOn,
    state: fails ? 'failed' : 'passed',
    counts,
    checks,
    findings: found,
  });
}
