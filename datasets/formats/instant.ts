/** A point in time as files hold it: microseconds since 1970 in UTC, and whether the file had finer digits. */
export class Instant {
  readonly microseconds: bigint;
  readonly finer: boolean;

  constructor(microseconds: bigint, finer = false) {
    this.microseconds = microseconds;
    this.finer = finer;
  }
}
