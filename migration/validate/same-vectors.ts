import type { Point } from '../../engines/contract/points.js';
import type { VectorField } from '../../engines/contract/vectors.js';
import { isMulti, vectorIn } from '../../engines/kit/vectors.js';
import { bytesOf } from '../probe/by-id.js';
import { hash64 } from '../probe/hash.js';
import { RepeatedKeys } from '../probe/repeated.js';
import type { Findings } from './findings.js';

/** Finds points that share a vector and say different things. */
export class SameVectors {
  readonly #field: VectorField;
  readonly #keys: RepeatedKeys;

  constructor(field: VectorField, at: number, folder: string, expected: number) {
    this.#field = field;
    this.#keys = new RepeatedKeys(folder, `vectors-${at}`, expected);
  }

  add(point: Point): void {
    const value = vectorIn(point.vectors, this.#field.name);
    // Without texts there is nothing that should differ with the vector.
    if (value === undefined || isMulti(value) || point.text === undefined) return;
    const bytes = bytesOf(value);
    // Zero vectors have a check of their own.
    if (bytes.every((each) => each === 0)) return;
    const [high, low] = hash64(point.text);
    this.#keys.add(bytes, `${high}:${low} ${point.id}`);
  }

  report(findings: Findings): void {
    let [points, groups] = [0, 0];
    const examples: string[] = [];
    this.#keys.finish((notes, times) => {
      if (new Set(notes.map((note) => note.slice(0, note.indexOf(' ')))).size < 2) return;
      points += times;
      groups++;
      if (examples.length < 5)
        examples.push(...notes.slice(0, 2).map((note) => note.slice(note.indexOf(' ') + 1)));
    });
    const what = `${points} points share ${groups} vectors`;
    findings.add('vector-repeated', this.#field.name, { count: points, examples }, what);
  }
}
