import type { PointId } from '../../../engines/contract/ids.js';
import { compareHits } from '../../cutover/compare-hits.js';
import type { Flags } from '../../cutover/flags.js';
import { ShadowReader } from '../../cutover/shadow-reader.js';
import { TrafficRamp } from '../../cutover/traffic-ramp.js';
import { revisionOf } from '../ledger.js';
import type { ShadowFigures, Side, StopPlace } from '../protocol.js';
import type { OpenSide } from './side.js';

const QUEUE = 8;
/** Less than a target that is planted to be slow takes. */
const TIMEOUT_MS = 2000;
/** Agreement of one pair from which it counts as one that agrees. */
const AGREE = 0.9;

interface Answer {
  ids: readonly PointId[];
  rows: ReadonlyMap<PointId, number | undefined>;
}

/** Reads of the application: one side answers; in shadow the other is asked the same behind its back. */
export class Reads {
  readonly #sides: Readonly<Record<Side, OpenSide>>;
  readonly #stopAt: (place: StopPlace) => Promise<void>;
  readonly #shadow: ShadowReader<Float32Array, Answer>;
  readonly #k: number;
  #ramp!: TrafficRamp;
  #agreed = 0;
  #asked = 0;

  constructor(
    sides: Readonly<Record<Side, OpenSide>>,
    k: number,
    stopAt: (place: StopPlace) => Promise<void>,
  ) {
    this.#sides = sides;
    this.#k = k;
    this.#stopAt = stopAt;
    this.#shadow = new ShadowReader({
      control: (vector) => this.#answer('source', vector),
      candidate: async (vector) => {
        const answer = await this.#answer('target', vector);
        await stopAt('shadow:asked');
        return answer;
      },
      compare: (control, other) => compareHits(control.ids.map(hit), other.ids.map(hit), this.#k),
      isComparable: async (_, { ids }) => (await this.#sides.target.points.get(ids)).length === ids.length,
      sample: 1,
      noise: 0,
      queue: QUEUE,
      timeoutMs: TIMEOUT_MS,
      onCompared: ({ agreement }) => {
        if (agreement >= AGREE) this.#agreed++;
      },
    });
  }

  async open(flags: Flags, isReversePathAlive: () => Promise<boolean>): Promise<void> {
    this.#ramp = await TrafficRamp.open({ flags, isReversePathAlive, mostAgeMs: Number.POSITIVE_INFINITY });
  }

  async read(vector: Float32Array, shadow: boolean) {
    // Of a user of its own each time, so that the shares hold for few reads, too.
    const side = this.#ramp.serves(`user ${this.#asked++}`);
    const isShadowed = side === 'source' && shadow;
    const { ids, rows } = await (isShadowed ? this.#shadow.read(vector) : this.#answer(side, vector));
    if (side === 'target') await this.#stopAt('ramp:answered');
    return { side, hits: ids.map((id) => ({ id, revision: rows.get(id) })) };
  }

  async #answer(side: Side, vector: Float32Array): Promise<Answer> {
    const ids = await this.#sides[side].search(vector);
    const points = await this.#sides[side].points.get(ids);
    return { ids, rows: new Map(points.map((point) => [point.id, revisionOf(point)])) };
  }

  get share(): number {
    return this.#ramp.share;
  }

  get ramp(): TrafficRamp {
    return this.#ramp;
  }

  get figures(): ShadowFigures {
    const { answered, candidate, left } = this.#shadow.summary();
    return {
      answered,
      compared: candidate.n,
      agreed: this.#agreed,
      incomparable: left['not-comparable'],
      dropped: left.dropped,
      failed: left.failed + left['timed-out'],
    };
  }

  stop(): void {
    this.#shadow.stop();
  }
}

function hit(id: PointId) {
  return { id };
}
