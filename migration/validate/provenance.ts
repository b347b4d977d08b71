import type { Point } from '../../engines/contract/points.js';
import { meet, met } from '../probe/examples.js';
import type { Findings } from './findings.js';

/** Names under which people keep which model made a vector. */
const MODEL = /^(embedding|embed|vector)?[_.\s-]?(model|encoder)([_.\s-]?(name|id|version))?$/i;

/** Counts points that say which model made their vectors. */
export class ProvenanceCheck {
  #with = 0;
  readonly #without = met();

  add({ id, metadata, provenance }: Point): void {
    const told =
      provenance?.model !== undefined ||
      Object.entries(metadata).some(([name, value]) => value !== null && value !== '' && MODEL.test(name));
    if (told) this.#with++;
    else meet(this.#without, String(id));
  }

  report(findings: Findings): void {
    const { count } = this.#without;
    if (this.#with === 0 && count > 0)
      findings.whole('provenance-none', '', `none of ${count} points says which model made its vector`);
    else
      findings.add(
        'provenance-missing',
        '',
        this.#without,
        `${count} points do not say which model made their vectors, and ${this.#with} do`,
      );
  }
}
