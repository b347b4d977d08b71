/** `vecproof/cutover`: what an application uses while its vectors move from one store to another. docs/cutover.md. */
export { VecproofError } from '../../common/errors.js';
export type { PointId } from '../../engines/contract/ids.js';
export type { Metadata, Point, Points, PointValue } from '../../engines/contract/points.js';
export type { NamedVectors, VectorValue } from '../../engines/contract/vectors.js';
export {
  BEFORE_CAPTURE,
  type Change,
  type DeleteMutation,
  keyText,
  type Logged,
  type Marker,
  type NewChange,
  type Position,
  type RowChange,
  type RowKey,
  type UpsertMutation,
} from '../changes/change.js';
export {
  CollectionTarget,
  type CollectionTargetOptions,
  type TargetPoints,
} from '../changes/collection-target.js';
export { type CaptureOptions, capture, type Feed, type FeedPage } from '../changes/feeds/feed.js';
export { LogicalFeed, type LogicalFeedOptions } from '../changes/feeds/logical.js';
export { MemorySweepState, SweepFeed, type SweepState } from '../changes/feeds/sweep.js';
export { VersionsFeed } from '../changes/feeds/versions.js';
export { KafkaChangeLog, type KafkaLogOptions } from '../changes/kafka/log.js';
export type { Appended, Backlog, ChangeLog, ChangeSource, Start } from '../changes/log.js';
export { MemoryChangeLog } from '../changes/memory-log.js';
export { MemoryTarget } from '../changes/memory-target.js';
export { PostgresFlags } from '../changes/postgres/flags.js';
export { PostgresChangeLog, type PostgresLogOptions } from '../changes/postgres/log.js';
export type { SqlClient, SqlRow, SqlSession } from '../changes/postgres/sql.js';
export { PostgresVersions } from '../changes/postgres/versions.js';
export type { Applied, ChangeTarget, StoredRow, Write } from '../changes/target.js';
export { MemoryVersions, type RowVersion, type VersionStore } from '../changes/versions.js';
export { type Backfilled, type BackfillOptions, backfill } from './backfill.js';
export { type Clock, systemClock } from './clock.js';
export { compareHits, type Hit } from './compare-hits.js';
export {
  DualWriter,
  type DualWriterOptions,
  type MutationOptions,
  type Receipt,
} from './dual-writer.js';
export { EmbeddingVersions, type Side } from './embedding.js';
export { ReembeddingError, UnknownOutcomeError } from './errors.js';
export { type Flags, MemoryFlags } from './flags.js';
export { type OpenCollection, type OpenCollectionOptions, openCollection } from './open-collection.js';
export { type Committed, type LogFirstOptions, LogFirstOutbox, type Outbox } from './outbox.js';
export {
  type Captured,
  proveCapture,
  type Synchronised,
  type SynchroniseOptions,
  startHere,
  synchronise,
  type TouchedDifference,
  type VerifyTouchedOptions,
  verifyTouched,
} from './protocol.js';
export { type Cursors, Replayer, type ReplayerOptions, type Step } from './replayer.js';
export {
  type Agreement,
  type Compared,
  type Mean,
  type ShadowOptions,
  ShadowReader,
  type ShadowSummary,
} from './shadow-reader.js';
export { openTelemetry, type Telemetry } from './telemetry.js';
export { type Advance, type Gate, type RampOptions, TrafficRamp } from './traffic-ramp.js';
export { type Statement, type TransactionalOptions, TransactionalOutbox } from './transactional-outbox.js';
