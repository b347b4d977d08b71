import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { InputError, messageOf } from '../../common/errors.js';
import type { Point } from '../../engines/contract/points.js';
import type { VectorField } from '../../engines/contract/vectors.js';
import { isMulti, isSparse, vectorIn } from '../../engines/kit/vectors.js';
import { floatsOf } from '../probe/vector-profile.js';
import type { Findings } from './findings.js';
import { dot } from './neighbours.js';

/** What a module of the user's exports: the vectors of some texts, in their order. */
export type Embed = (texts: readonly string[]) => Promise<readonly ArrayLike<number>[]>;

/** @throws InputError for a module that cannot be loaded or exports no `embed` */
export async function loadEmbed(path: string, cwd: string): Promise<Embed> {
  let loaded: { embed?: unknown };
  try {
    loaded = (await import(pathToFileURL(resolve(cwd, path)).href)) as { embed?: unknown };
  } catch (error) {
    throw new InputError(`cannot be loaded: ${messageOf(error)}`, { where: path, cause: error });
  }
  if (typeof loaded.embed === 'function') return loaded.embed as Embed;
  throw new InputError('exports no function "embed"', {
    where: path,
    got: Object.keys(loaded),
    next: 'export async function embed(texts) { … } that returns a vector for each text',
  });
}

/** Cosine below which a vector is not that of its text: quantized models and float16 stay above. */
const ALIKE = 0.98;

/** Embeds the texts of a sample again. */
export async function checkEmbedding(
  embed: Embed,
  field: VectorField,
  sample: readonly Point[],
  findings: Findings,
): Promise<void> {
  const points = sample.filter((point) => (point.text ?? '') !== '' && numbersOf(field, point) !== undefined);
  if (points.length === 0) {
    findings.notChecked('no point of the sample has a text and a vector', 'embedding-differs');
    return;
  }
  const again = await embed(points.map(({ text }) => text!));
  if (again.length !== points.length)
    throw new InputError(`embed gave ${again.length} vectors for ${points.length} texts`);
  const likeness = points.map((point, i) => {
    const [stored, made] = [numbersOf(field, point)!, Float32Array.from(again[i]!)];
    if (made.length !== stored.length) return { id: String(point.id), cosine: Number.NaN };
    return {
      id: String(point.id),
      cosine: dot(stored, made) / Math.sqrt(dot(stored, stored) * dot(made, made)),
    };
  });
  const differing = likeness.filter(({ cosine }) => !(cosine >= ALIKE));
  const sorted = likeness.map(({ cosine }) => cosine).sort((a, b) => a - b);
  const median = sorted[sorted.length >> 1]!;
  const of = Number.isNaN(median) ? 'other dimensions' : `median cosine ${median.toFixed(3)}`;
  findings.add(
    'embedding-differs',
    field.name,
    { count: differing.length, examples: differing.slice(0, 5).map(({ id }) => id) },
    `${differing.length} of ${points.length} sampled vectors are not what the model makes of their texts (${of})`,
  );
}

function numbersOf(field: VectorField, { vectors }: Point): Float32Array | undefined {
  const value = vectorIn(vectors, field.name);
  if (value === undefined || isSparse(value) || isMulti(value)) return undefined;
  return Float32Array.from(floatsOf(field, value));
}
