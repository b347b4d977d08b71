import type { NumberMetric } from '../../datasets/dataset.js';
import { Centre } from './centre.js';
import type { ScanJob, ScanTile } from './kernel.js';
import {
  type Base,
  FIRST_ROWS,
  LATER_ROWS,
  type MakeScorer,
  QUERIES,
  type Scorer,
  type ScorerInput,
  wideRoom,
} from './scorer.js';
import { NO_SELECTION, oneGroup } from './selections.js';
import { distanceOf, type Tile } from './tile.js';
import { Arena, type ScanModule } from './wasm-memory.js';

/** Queries whose vectors and candidates are in the memory at a time. */
const CHUNK = 4096;
/** As many rows of a filter are compared one by one. */
const FEW = 64;
/** In place of the candidates that are wanted where all are. */
const ALL = 2 ** 31 - 1;
/** In place of a query's number of candidates: a guess has missed some. */
const MISSED = -2;
/** Least room for candidates: a group of rows that is looked at together, and one more. */
const LEAST_ROOM = 32;

/** A query with what it may find; -1: all rows of its base. */
interface Asked {
  query: number;
  selection: number;
  /** Rows of the base that it may find. */
  passing: number;
}

/** Addresses of what belongs to the queries of a chunk. */
interface Areas {
  /** Their vectors as they are, and as the scorer wants them. */
  vectors: number;
  queries: number;
  thresholds: number;
  sizes: number;
  masks: number;
  slacks: number;
  guesses: number;
  ranks: number;
  laterRanks: number;
  scores: number;
  rows: number;
  /** Squared norms and bounds in float64. */
  norms: number;
  bounds: number;
  /** Of queries that are decided together: float64 distances of their candidates, and these by row. */
  exact: number;
  order: number;
  starts: number;
  capacity: number;
}

/** Queries whose candidates are decided together: their vectors stay in the cache. */
const DECIDED = 512;
/** Numbers of the metrics in harness/truth/wasm/decide.as.ts. */
const METRIC_NUMBER: Readonly<Record<NumberMetric, number>> = { cosine: 0, dot: 1, l2: 2 };
/** Fewer rows are not worth a guess. */
const WORTH_A_GUESS = 4 * FIRST_ROWS;
/** Of the scores that a guess is taken from; `guessThresholds` knows no more. */
const MOST_RANK = 64;

/**
 * Which of the scores of `seen` rows is one that `keep` of all `passing` rows reach: of so many near ones some are among those seen, as
 * many as a Poisson distribution has, with 2.5 of its standard deviations and 2 more. 0: no guess.
 */
function rankFor(keep: number, seen: number, passing: number): number {
  if (passing < WORTH_A_GUESS || seen >= passing) return 0;
  const expected = (keep * seen) / passing;
  return Math.ceil(expected + 2.5 * Math.sqrt(expected) + 2);
}

/** Rows in such an order that the first ones stand for all, whatever order they came in. */
function spread(rows: Int32Array | undefined, all: number): Int32Array | undefined {
  const count = rows?.length ?? all;
  if (count < WORTH_A_GUESS) return rows;
  const apart = Math.floor(count / FIRST_ROWS);
  const order = new Int32Array(count);
  let at = 0;
  for (let from = 0; from < apart; from++)
    for (let i = from; i < count; i += apart) order[at++] = rows === undefined ? i : rows[i]!;
  return order;
}

/** Addresses of the tile's vectors and of their squared norms. */
interface CopiedTile {
  tileAt: number;
  norms: number;
}

/** A kernel from a module and what compares in it. */
export function tileScan(module: ScanModule, makeScorer: MakeScorer): ScanTile {
  const scan: ScanTile = (job, tile) => new TileScan(module, makeScorer, job, tile).run();
  /** Where `run` has the values of its tile, and behind them their norms. */
  const places = (count: number, dimensions: number): [values: number, norms: number] => {
    const arena = new Arena(module);
    return [arena.take(count * dimensions * 4), arena.take(count * 8)];
  };
  scan.valuesFor = (count, dimensions) => {
    const [values] = places(count, dimensions);
    return new Float32Array(module.memory.buffer, values, count * dimensions);
  };
  scan.normsOf = (count, dimensions) => {
    const [values, norms] = places(count, dimensions);
    module.squaredNorms(values, dimensions, count, norms);
    return new Float64Array(module.memory.buffer, norms, count).slice();
  };
  return scan;
}

/**
 * One tile against all queries. The scorer leaves out what its scores prove to be too far away; float64 decides among the rest. A query
 * with too many candidates (large groups of equal vectors) is compared row by row.
 */
class TileScan {
  readonly #module: ScanModule;
  readonly #arena: Arena;
  readonly #job: ScanJob;
  #tile: Tile;
  readonly #makeScorer: MakeScorer;

  constructor(module: ScanModule, makeScorer: MakeScorer, job: ScanJob, tile: Tile) {
    this.#module = module;
    this.#arena = new Arena(module);
    this.#job = job;
    this.#tile = tile;
    this.#makeScorer = makeScorer;
  }

  async run(): Promise<void> {
    const { queries, selections } = this.#job;
    const tile = this.#tile;
    const wide: Asked[] = [];
    const narrow: { rows: Int32Array; queries: readonly number[] }[] = [];
    for (const { selection, queries: asked } of selections?.groups ?? oneGroup(queries.count)) {
      const passing =
        selection === NO_SELECTION ? tile.count : selections!.countIn(selection, tile.first, tile.count);
      if (selection === NO_SELECTION || !this.#paysToGather(passing, asked.length)) {
        for (const query of asked) wide.push({ query, selection, passing });
        continue;
      }
      const rows = selections!.rowsIn(selection, tile.first, tile.count);
      if (rows.length <= FEW) this.#compare(asked, rows);
      else narrow.push({ rows, queries: asked });
    }
    const all = [
      ...(wide.length > 0 ? [{ rows: undefined, asked: wide }] : []),
      ...narrow.map(({ rows, queries: asked }) => ({
        rows,
        asked: asked.map((query) => ({ query, selection: NO_SELECTION, passing: rows.length })),
      })),
    ];
    if (all.length === 0) return;
    const copied = this.#copyTile();
    this.#refresh(copied.tileAt);
    const centre =
      this.#job.metric === 'l2'
        ? new Centre(this.#module, this.#arena, this.#job, this.#tile, copied.tileAt)
        : undefined;
    const { end } = this.#arena;
    for (const { rows, asked } of all) {
      this.#arena.release(end);
      this.#refresh(copied.tileAt);
      await this.#scan(rows, asked, { ...copied, centre });
    }
  }

  /** Rows by themselves are copied once and meet queries four at a time; all rows meet exactly the queries there are. */
  #paysToGather(rows: number, queries: number): boolean {
    const padded = Math.ceil(queries / QUERIES) * QUERIES;
    return rows * (padded + 1) < this.#tile.count * queries;
  }

  #compare(queries: readonly number[], rows: Int32Array): void {
    const { metric, lists, queries: vectors } = this.#job;
    for (const query of queries)
      for (const row of rows)
        lists.offer(query, this.#tile.first + row, distanceOf(metric, vectors, query, this.#tile, row));
  }

  async #scan(
    rows: Int32Array | undefined,
    asked: readonly Asked[],
    { tileAt, norms, centre }: CopiedTile & Pick<ScorerInput, 'centre'>,
  ): Promise<void> {
    const input = {
      module: this.#module,
      arena: this.#arena,
      job: this.#job,
      tile: this.#tile,
      tileAt,
      centre,
    };
    const scorer = this.#makeScorer(input);
    const base = scorer.pack(spread(rows, this.#tile.count));
    const numbersAt = this.#copyNumbers(base);
    const masks = this.#masks(asked);
    const chunk = Math.min(CHUNK, Math.ceil(asked.length / QUERIES) * QUERIES);
    const areas = this.#areas(scorer, chunk, base.count);
    scorer.reserve(chunk);
    const { count, dimensions } = this.#tile;
    this.#refresh(tileAt);
    this.#module.setVectors(
      areas.vectors,
      tileAt,
      count,
      dimensions,
      METRIC_NUMBER[this.#job.metric as NumberMetric],
    );
    this.#module.setNorms(norms, areas.norms, areas.bounds);
    this.#module.setDecision(areas.exact, areas.order, areas.starts);
    const scan = async (some: readonly Asked[], guess: boolean): Promise<readonly Asked[]> => {
      this.#arrange(scorer, base, some, areas, masks, guess);
      this.#module.setRows(base.at, base.count, this.#tile.dimensions, numbersAt);
      const padded = Math.ceil(some.length / QUERIES) * QUERIES;
      await scorer.score(base, { at: areas.queries, count: some.length, padded });
      return this.#decideAll(base, some, areas);
    };
    for (let first = 0; first < asked.length; first += chunk) {
      const missed = await scan(asked.slice(first, first + chunk), true);
      if (missed.length > 0) await scan(missed, false);
    }
  }

  /** As it is, for the decision in float64. It may have been read to its place already. */
  #copyTile(): CopiedTile {
    const { values, squaredNorms } = this.#tile;
    const { memory } = this.#module;
    const isThere = values.buffer === memory.buffer;
    const length = values.length;
    const tileAt = this.#arena.take(length * 4);
    if (!isThere) new Float32Array(memory.buffer, tileAt, length).set(values);
    const norms = this.#arena.take(squaredNorms.byteLength);
    new Float64Array(memory.buffer, norms, squaredNorms.length).set(squaredNorms);
    return { tileAt, norms };
  }

  /** The view of the values that were read into the memory is void when that has grown. */
  #refresh(tileAt: number): void {
    const { count, dimensions, values } = this.#tile;
    if (values.length > 0) return;
    const { buffer } = this.#module.memory;
    this.#tile = { ...this.#tile, values: new Float32Array(buffer, tileAt, count * dimensions) };
  }

  #copyNumbers({ rows }: Base): number {
    if (rows === undefined) return 0;
    const at = this.#arena.take(rows.byteLength);
    new Int32Array(this.#module.memory.buffer, at, rows.length).set(rows);
    return at;
  }

  /** Addresses of the bitmaps of filters, each once. */
  #masks(asked: readonly Asked[]): ReadonlyMap<number, number> {
    const { selections } = this.#job;
    const { first, count } = this.#tile;
    const masks = new Map<number, number>();
    for (const { selection } of asked) {
      if (selection === NO_SELECTION || masks.has(selection)) continue;
      const words = selections!.wordsIn(selection, first, count);
      const at = this.#arena.take(words.byteLength);
      new Uint32Array(this.#module.memory.buffer, at, words.length).set(words);
      masks.set(selection, at);
    }
    return masks;
  }

  #areas(scorer: Scorer, queries: number, rows: number): Areas {
    const { depth, unlimited } = this.#job.lists;
    const { dimensions } = this.#tile;
    // Room for twice what is wanted, so that it is seldom looked through; never more than there is.
    const usual = scorer.room?.(depth) ?? Math.max(2 * depth + 128, 256);
    const room = unlimited === true ? wideRoom(depth) : usual;
    const capacity = Math.min(room, Math.max(LEAST_ROOM, rows + 8));
    const take = (bytes: number) => this.#arena.take(bytes);
    return {
      vectors: take(queries * dimensions * 4),
      queries: take(queries * scorer.queryBytes),
      thresholds: take(queries * 4),
      sizes: take(queries * 4),
      masks: take(queries * 4),
      slacks: take(queries * 4),
      guesses: take(queries * 4),
      ranks: take(queries * 4),
      laterRanks: take(queries * 4),
      scores: take(queries * capacity * 4),
      rows: take(queries * capacity * 4),
      norms: take(queries * 8),
      bounds: take(queries * 8),
      exact: take(Math.min(queries, DECIDED) * capacity * 8),
      order: take(Math.min(queries, DECIDED) * capacity * 4),
      starts: take((this.#tile.count + 1) * 4),
      capacity,
    };
  }

  /** Writes queries, and what the module has to know of them, into the memory. */
  #arrange(
    scorer: Scorer,
    base: Base,
    asked: readonly Asked[],
    areas: Areas,
    masks: ReadonlyMap<number, number>,
    guess: boolean,
  ): void {
    const { lists, queries } = this.#job;
    const { dimensions } = this.#tile;
    const module = this.#module;
    const { buffer } = module.memory;
    const padded = Math.ceil(asked.length / QUERIES) * QUERIES;
    const vectors = new Float32Array(buffer, areas.vectors, padded * dimensions);
    // What fills up the last four finds nothing.
    const thresholds = new Float32Array(buffer, areas.thresholds, padded).fill(Number.POSITIVE_INFINITY);
    new Int32Array(buffer, areas.sizes, padded).fill(0);
    const bitmaps = new Uint32Array(buffer, areas.masks, padded).fill(0);
    const slacks = new Float32Array(buffer, areas.slacks, padded).fill(0);
    new Float32Array(buffer, areas.guesses, padded).fill(Number.NEGATIVE_INFINITY);
    const norms = new Float64Array(buffer, areas.norms, padded);
    const ranks = new Int32Array(buffer, areas.ranks, padded).fill(0);
    const laterRanks = new Int32Array(buffer, areas.laterRanks, padded).fill(0);
    const keep = lists.unlimited === true ? ALL : Math.min(lists.depth, areas.capacity);
    new Uint8Array(buffer, areas.queries, padded * scorer.queryBytes).fill(
      0,
      asked.length * scorer.queryBytes,
    );
    for (const [i, { query, selection, passing }] of asked.entries()) {
      vectors.set(queries.values.subarray(query * dimensions, (query + 1) * dimensions), i * dimensions);
      scorer.copyQuery(areas.queries, i, query, areas.vectors + i * dimensions * 4);
      const bound = lists.bound(query);
      thresholds[i] =
        bound === Number.POSITIVE_INFINITY ? Number.NEGATIVE_INFINITY : scorer.leastScore(query, bound);
      norms[i] = queries.squaredNorms[query]!;
      bitmaps[i] = masks.get(selection) ?? 0;
      // Rounded up: float32 holds no less than it is.
      if (scorer.slackOf !== undefined) slacks[i] = scorer.slackOf(query) * (1 + 2 ** -22);
      if (!guess) continue;
      const rank = rankFor(keep, FIRST_ROWS, passing);
      ranks[i] = rank > MOST_RANK ? 0 : rank;
      laterRanks[i] = rankFor(keep, (LATER_ROWS * passing) / base.count, passing);
    }
    module.setQueries(areas.queries, areas.thresholds, areas.sizes, areas.masks);
    module.setSlacks(areas.slacks);
    module.setGuesses(areas.guesses, areas.ranks, areas.laterRanks);
    const { relative, absolute } = scorer.slack;
    module.setCandidates(areas.scores, areas.rows, areas.capacity, keep, relative, absolute);
  }

  /** Offers all candidates with their float64 distances. Returns the queries of which a guess missed some. */
  #decideAll(base: Base, asked: readonly Asked[], areas: Areas): Asked[] {
    const { buffer } = this.#module.memory;
    const { lists } = this.#job;
    const { capacity } = areas;
    const sizes = new Int32Array(buffer, areas.sizes, asked.length);
    const bounds = new Float64Array(buffer, areas.bounds, asked.length);
    for (const [i, { query }] of asked.entries()) bounds[i] = lists.bound(query);
    this.#module.finish(0, asked.length);
    const missed: Asked[] = [];
    for (let from = 0; from < asked.length; from += DECIDED) {
      const to = Math.min(from + DECIDED, asked.length);
      this.#module.decide(from, to);
      const found = new Int32Array(buffer, areas.rows + from * capacity * 4, (to - from) * capacity);
      const exact = new Float64Array(buffer, areas.exact, (to - from) * capacity);
      for (let i = from; i < to; i++) {
        const each = asked[i]!;
        const size = sizes[i]!;
        if (size === MISSED) missed.push(each);
        else if (size < 0) this.#byRow(base, each);
        else lists.offerSorted(each.query, this.#tile.first, found, exact, (i - from) * capacity, size);
      }
    }
    return missed;
  }

  /** All rows of the base that the query may find, in float64. */
  #byRow(base: Base, { query, selection }: Asked): void {
    const { metric, lists, queries, selections } = this.#job;
    const { first } = this.#tile;
    for (let i = 0; i < base.count; i++) {
      const row = base.rows === undefined ? i : base.rows[i]!;
      if (selection !== NO_SELECTION && !selections!.has(selection, first + row)) continue;
      lists.offer(query, first + row, distanceOf(metric, queries, query, this.#tile, row));
    }
  }
}
