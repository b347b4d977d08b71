import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { makeFolder } from '../../../common/files.js';
import type { PointId } from '../../../engines/contract/ids.js';
import type { Point } from '../../../engines/contract/points.js';
import { requireClient } from '../../../engines/kit/packages.js';
import { CollectionTarget } from '../../changes/collection-target.js';
import { PostgresFlags } from '../../changes/postgres/flags.js';
import { PostgresChangeLog } from '../../changes/postgres/log.js';
import type { SqlClient } from '../../changes/postgres/sql.js';
import { removeStaleStart } from '../../changes/postgres/stale-start.js';
import { PostgresVersions } from '../../changes/postgres/versions.js';
import { systemClock } from '../../cutover/clock.js';
import { CAPTURE, DualWriter } from '../../cutover/dual-writer.js';
import { EmbeddingVersions } from '../../cutover/embedding.js';
import { LogFirstOutbox } from '../../cutover/outbox.js';
import { revisionOf } from '../ledger.js';
import type { Injury, Side, StopPlace, TouchedResult, WorkerConfig, WorkerStatus } from '../protocol.js';
import { COLLECTION, Copy } from './copy.js';
import { FaultyFeed } from './feed.js';
import { Injuries } from './injuries.js';
import { Reads } from './reads.js';
import { Replay, stopping } from './replay.js';
import { OpenSide } from './side.js';
import { StateFile } from './state.js';
import { allChanges, verifyTouched } from './verify.js';

const NOTHING_REPLAYED = {
  applied: 0,
  superseded: 0,
  held: 0,
  retried: 0,
  backwards: 0,
  lastError: undefined,
  refused: undefined,
};

type Database = SqlClient & { close(): Promise<void> };

/** The application and the migration in one process, over real engines: everything in it is killed at once. */
export class System {
  readonly #config: WorkerConfig;
  readonly #file: StateFile;
  readonly #injuries = new Injuries();
  readonly #stopAt: (place: StopPlace) => Promise<void>;
  readonly #sides: Readonly<Record<Side, OpenSide>>;
  readonly #reads: Reads;
  readonly #embeddings: EmbeddingVersions;
  #database!: Database;
  #log!: PostgresChangeLog;
  #targets!: Readonly<Record<Side, CollectionTarget>>;
  #writer!: DualWriter;
  #flags!: PostgresFlags;
  #replay: Replay | undefined;
  #sourceReplay: Replay | undefined;
  #copy!: Copy;
  #lastVerified: TouchedResult | undefined;
  readonly #oneSided = new Map<PointId, Point>();

  constructor(config: WorkerConfig, stop: (place: StopPlace) => Promise<void>) {
    this.#config = config;
    this.#file = new StateFile(config.folder, config.embeddingVersion);
    this.#stopAt = async (place) => {
      if (this.#injuries.find('stop-at')?.place === place) await stop(place);
    };
    this.#sides = {
      source: new OpenSide('source', config, this.#injuries),
      target: new OpenSide('target', config, this.#injuries),
    };
    const { embeddings } = this.#file.state;
    this.#embeddings = new EmbeddingVersions({ source: embeddings, target: embeddings });
    this.#reads = new Reads(this.#sides, config.k, this.#stopAt);
  }

  async open(): Promise<{ versions: Record<Side, string> }> {
    const { PGlite } = requireClient('@electric-sql/pglite') as {
      PGlite: { create(options: { dataDir: string }): Promise<Database> };
    };
    makeFolder(this.#config.folder);
    const log = join(this.#config.folder, 'log');
    await removeStaleStart(log);
    const [database, source, target] = await Promise.all([
      PGlite.create({ dataDir: log }),
      this.#sides.source.connect(),
      this.#sides.target.connect(),
    ]);
    this.#database = database;
    this.#log = await PostgresChangeLog.open(database);
    const target_ = async (side: Side) =>
      new CollectionTarget({
        place: side,
        points: lazily(() => this.#sides[side].points),
        versions: await PostgresVersions.open(database, side),
      });
    this.#targets = { source: await target_('source'), target: await target_('target') };
    this.#copy = new Copy({
      config: this.#config,
      file: this.#file,
      log: this.#log,
      sides: this.#sides,
      target: this.#targets.target,
      stopAt: this.#stopAt,
    });
    this.#sides.target.learn(this.#copy.rows().map(({ id }) => id));
    this.#sides.target.learn((await allChanges(this.#log)).map(({ id }) => id));
    this.#flags = await PostgresFlags.open(database);
    this.#writer = await this.#openWriter();
    await this.#reads.open(this.#flags, () => this.#isReversePathAlive());
    return { versions: { source, target } };
  }

  #openWriter(): Promise<DualWriter> {
    const primary = stopping(
      this.#targets.source,
      () => this.#stopAt('write:source-written'),
      () => this.#stopAt('write:logged'),
    );
    return DualWriter.open({
      outbox: new LogFirstOutbox({ log: this.#log, primary, embeddings: this.#embeddings }),
      flags: this.#flags,
      direct: (change) => this.#direct('source', change.id, change.kind === 'delete' ? null : change.point),
      instance: 'rehearsal',
      clock: { ...systemClock, now: () => Date.now() + (this.#injuries.find('clock')?.milliseconds ?? 0) },
    });
  }

  async resume(): Promise<undefined> {
    if ((await this.#flags.get(CAPTURE)) === 'on') await this.#recover();
    if (this.#file.state.replaying) this.replay();
    return undefined;
  }

  async create(points: readonly Point[]): Promise<void> {
    await this.#sides.source.create();
    await this.#sides.target.create();
    await this.#sides.source.points.upsert(points);
    await this.#sides.source.ready();
  }

  /** What was durable in the log when the process was killed reaches the source. */
  async #recover(): Promise<void> {
    this.#sourceReplay = this.#replayOf('source');
    this.#sourceReplay.start();
    while ((await this.#log.backlog('source')).changes > 0) await pause(2);
  }

  async write({ number, id, point }: { number: number; id: PointId; point: Point | null }) {
    const onlyOn = this.#injuries.find('one-side-writes');
    if (onlyOn !== undefined) {
      await this.#direct(onlyOn.side, id, point);
      if (point !== null) this.#oneSided.set(id, point);
      return { state: 'uncaptured' };
    }
    const options = {
      idempotencyKey: `write-${number}`,
      embeddingVersion: this.#injuries.find('embedding')?.version ?? this.#config.embeddingVersion,
    };
    const { state } = await (point === null
      ? this.#writer.delete(COLLECTION, id, options)
      : this.#writer.upsert(COLLECTION, point, options));
    return { state };
  }

  async #direct(side: Side, id: PointId, point: Point | null): Promise<void> {
    const { points } = this.#sides[side];
    await (point === null ? points.delete([id]) : points.upsert([point]));
  }

  read(query: { vector: Float32Array }) {
    return this.#reads.read(query.vector, this.#file.state.shadow);
  }

  async capture(): Promise<{ marker: string; seen: boolean }> {
    const { position } = await this.#writer.captureOn(COLLECTION);
    this.#sourceReplay ??= this.#replayOf('source');
    this.#sourceReplay.start();
    await this.#stopAt('capture:marked');
    const seen = (await this.#log.read(position - 1n, 1)).some((each) => each.position === position);
    if (seen) this.#file.change({ marker: String(position) });
    return { marker: String(position), seen };
  }

  snapshot() {
    return this.#copy.take();
  }

  backfill() {
    return this.#copy.backfill();
  }

  replay(): undefined {
    if (!this.#file.state.replaying) this.#file.change({ replaying: true });
    this.#replay ??= this.#replayOf('target');
    this.#replay.start();
    return undefined;
  }

  #replayOf(side: Side): Replay {
    return new Replay({
      log: this.#log,
      feed: side === 'target' ? new FaultyFeed(this.#log, this.#injuries) : this.#log,
      consumer: side,
      target: this.#targets[side],
      embeddings: this.#embeddings,
      reembedding: side === 'source' ? 'allow' : this.#file.state.reembedding,
      stopAt: side === 'target' ? this.#stopAt : async () => {},
    });
  }

  async verify(): Promise<TouchedResult> {
    const { source, target } = this.#sides;
    const parts = {
      log: this.#log,
      source,
      target,
      snapshot: this.#copy.rows(),
      isStuck: () => this.#replay?.figures.lastError !== undefined,
    };
    const result = await verifyTouched(parts);
    await this.#stopAt('verify:compared');
    this.#lastVerified = result;
    return result;
  }

  /** Rows that `verify` found to differ are taken from the source again. */
  async repair(): Promise<{ rows: number }> {
    const { differing = [], returned = [] } = this.#lastVerified ?? {};
    const ids = [...differing.map(({ id }) => id), ...returned];
    const there = await this.#sides.source.points.get(ids);
    const gone = ids.filter((id) => !there.some((point) => point.id === id));
    await this.#sides.target.points.upsert(there);
    await this.#sides.target.points.delete(gone);
    return { rows: ids.length };
  }

  /** Rows that only the target has become writes like all others. */
  async adopt(ids: readonly PointId[]): Promise<void> {
    for (const there of await this.#sides.target.points.get(ids)) {
      // As the application has written it: a mapping cannot be turned round.
      const point = this.#oneSided.get(there.id) ?? there;
      await this.write({ number: revisionOf(point) ?? 0, id: point.id, point });
    }
  }

  async wayBack({ id, revision }: { id: PointId; revision: number }) {
    const [row] = await this.#sides.source.points.get([id]);
    const alive = row !== undefined && revisionOf(row) === revision;
    const words = alive ? `write ${revision} is in the source` : `write ${revision} is not in the source`;
    return { alive, words };
  }

  shadow(on: boolean) {
    this.#file.change({ shadow: on });
    return this.#reads.figures;
  }

  /** To a share, step by step through the ramp's own gates; to 0 by its one flag. */
  async ramp(share: number): Promise<undefined> {
    const { ramp } = this.#reads;
    if (share < ramp.share || share === 0) {
      await ramp.rollback('asked for');
      await this.#stopAt('rollback:flipped');
    }
    if (share > 0 && ramp.rolledBack !== undefined) await ramp.begin();
    while (ramp.share < share) {
      const advance = await ramp.advance();
      if (advance.state === 'refused') throw new Error(advance.reasons.join('; '));
      if (advance.state === 'complete') break;
    }
    return undefined;
  }

  /** What was logged until now is in the source, or will be in a moment. */
  async #isReversePathAlive(): Promise<boolean> {
    const { watermark } = await this.behind();
    for (let turn = 0; turn < 400; turn++) {
      if (!(await this.behind(watermark)).behind.source) return true;
      await pause(5);
    }
    return false;
  }

  async restart(side: Side): Promise<undefined> {
    await this.#sides[side].close();
    await this.#sides[side].connect();
    await this.#stopAt('observe:restarted');
    return undefined;
  }

  injure(injury: Injury): undefined {
    this.#injuries.arm(injury);
    return undefined;
  }

  heal(): undefined {
    this.#injuries.heal();
    return undefined;
  }

  async tamper({
    side,
    upsert = [],
    remove = [],
  }: {
    side: Side;
    upsert?: readonly Point[];
    remove?: readonly PointId[];
  }) {
    if (upsert.length > 0) await this.#sides[side].direct.upsert(upsert);
    if (remove.length > 0) await this.#sides[side].direct.delete(remove);
  }

  scan(side: Side): Promise<Point[]> {
    return this.#sides[side].scan();
  }

  embedding(version: string): undefined {
    this.#embeddings.take('source', version);
    this.#embeddings.take('target', version);
    this.#file.change({ embeddings: [...new Set([...this.#file.state.embeddings, version])] });
    return undefined;
  }

  async allowReembedding(): Promise<undefined> {
    this.#file.change({ reembedding: 'allow' });
    await this.#replay?.stop();
    this.#replay = undefined;
    return this.replay();
  }

  async behind(watermark?: string) {
    const until = watermark === undefined ? await this.#log.watermark() : BigInt(watermark);
    const isBehind = async (side: Side) => {
      const [next] = await this.#log.read(await this.#log.cursor(side), 1);
      return next !== undefined && next.position <= until;
    };
    const behind = { source: await isBehind('source'), target: await isBehind('target') };
    return { watermark: String(until), behind };
  }

  async status(): Promise<WorkerStatus> {
    const [source, target] = [await this.#log.backlog('source'), await this.#log.backlog('target')];
    const figures = this.#replay?.figures ?? NOTHING_REPLAYED;
    const { marker, watermark, snapshot, backfilled } = this.#file.state;
    return {
      backlog: { source: source.changes, target: target.changes },
      lag: target.oldestAt === null ? null : Math.max(0, Date.now() - target.oldestAt),
      ...figures,
      held: Math.max(figures.held, this.#sourceReplay?.figures.held ?? 0),
      ...this.#copy.kept,
      share: this.#reads.share,
      shadow: this.#reads.figures,
      progress: { marker, watermark, snapshot, backfilled },
    };
  }

  async close(): Promise<undefined> {
    await this.#replay?.stop();
    await this.#sourceReplay?.stop();
    this.#reads.stop();
    await Promise.all([this.#sides.source.close(), this.#sides.target.close()]);
    await this.#database.close();
    return undefined;
  }

  /** Removes the scratch collections: those on servers outlive the folder. */
  async drop(): Promise<undefined> {
    await Promise.all([this.#sides.source.drop(), this.#sides.target.drop()]);
    return undefined;
  }
}

/** Points of a side that may be connected again. */
function lazily(points: () => Point extends never ? never : OpenSide['points']): OpenSide['points'] {
  return new Proxy({} as OpenSide['points'], {
    get: (_, name) => {
      const now = points();
      const value = now[name as keyof typeof now];
      return typeof value === 'function' ? value.bind(now) : value;
    },
  });
}
