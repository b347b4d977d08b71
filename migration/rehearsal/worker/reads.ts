import type { PointId } from '../../../engines/contract/ids.js';
import { revisionOf } from '../ledger.js';
import type { ShadowFigures, Side, StopPlace } from '../protocol.js';
import type { OpenSide } from './side.js';
import type { StateFile } from './state.js';

const QUEUE = 8;
/** Hits that both have, of the smaller answer, for answers to agree. */
const AGREE = 0.9;

/** Reads of the application: one side answers; in shadow the other is asked the same behind its back. */
export class Reads {
  readonly figures: ShadowFigures = {
    answered: 0,
    compared: 0,
    agreed: 0,
    incomparable: 0,
    dropped: 0,
    failed: 0,
  };
  readonly #sides: Readonly<Record<Side, OpenSide>>;
  readonly #file: StateFile;
  readonly #stopAt: (place: StopPlace) => Promise<void>;
  readonly #underWay = new Set<Promise<void>>();
  #asked = 0;

  constructor(
    sides: Readonly<Record<Side, OpenSide>>,
    file: StateFile,
    stopAt: (place: StopPlace) => Promise<void>,
  ) {
    this.#sides = sides;
    this.#file = file;
    this.#stopAt = stopAt;
  }

  async read(vector: Float32Array) {
    const { share, shadow } = this.#file.state;
    // Spread evenly: of 10 reads at a share of .3, three.
    const number = this.#asked++;
    const side: Side = Math.floor((number + 1) * share) > Math.floor(number * share) ? 'target' : 'source';
    const { ids, rows } = await this.#answer(side, vector);
    if (side === 'target') await this.#stopAt('ramp:answered');
    if (side === 'source' && shadow) this.#shadow(vector, ids);
    return { side, hits: ids.map((id) => ({ id, revision: rows.get(id) })) };
  }

  async #answer(side: Side, vector: Float32Array) {
    const ids = await this.#sides[side].search(vector);
    const points = await this.#sides[side].points.get(ids);
    return { ids, rows: new Map(points.map((point) => [point.id, revisionOf(point)])) };
  }

  shadow(on: boolean): ShadowFigures {
    this.#file.change({ shadow: on });
    return this.figures;
  }

  /** Never awaited by who reads. */
  #shadow(vector: Float32Array, expected: readonly PointId[]): void {
    this.figures.answered++;
    if (this.#underWay.size >= QUEUE) {
      this.figures.dropped++;
      return;
    }
    const work = this.#compare(vector, expected).catch(() => void this.figures.failed++);
    this.#underWay.add(work);
    void work.finally(() => this.#underWay.delete(work));
  }

  async #compare(vector: Float32Array, expected: readonly PointId[]): Promise<void> {
    const { target } = this.#sides;
    const found = await target.search(vector);
    await this.#stopAt('shadow:asked');
    const there = await target.points.get(expected);
    if (there.length < expected.length) {
      this.figures.incomparable++;
      return;
    }
    this.figures.compared++;
    const common = found.filter((id) => expected.includes(id)).length;
    if (common >= AGREE * expected.length) this.figures.agreed++;
  }

  async settle(): Promise<void> {
    await Promise.all(this.#underWay);
  }
}
