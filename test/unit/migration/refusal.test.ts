import { describe, expect, test } from 'vitest';
import { ConnectionLostError, FailureError } from '../../../common/errors.js';
import { verdictOf } from '../../../migration/load/refusal.js';

const error = (message: string, more: object = {}) => Object.assign(new Error(message), more);

describe('an error while points are written says', () => {
  test.each([
    ['a check of the table', error('violates check constraint', { code: '23514', severity: 'ERROR' })],
    ['a message that is too large', error('Received message larger than max', { code: 8 })],
    ['a body that is too large', error('Payload Too Large', { status: 413 })],
    ['an adapter’s own check', new FailureError('field "a" is not of its type')],
    ['an invalid argument', error('invalid', { code: 3 })],
  ])('that they are refused: %s', (_, given) => expect(verdictOf(given)).toBe('refused'));

  test.each([
    ['a lost connection', new ConnectionLostError('lost')],
    [
      'a reset below an error of the adapter',
      new FailureError('failed', { cause: error('x', { code: 'ECONNRESET' }) }),
    ],
    ['a time limit of the statement', error('canceling statement', { code: '57014' })],
    ['a deadlock', error('deadlock detected', { code: '40P01' })],
    ['a server that starts', error('the database system is starting up', { code: '57P03' })],
    ['gRPC: unavailable', error('14 UNAVAILABLE', { code: 14 })],
    ['gRPC: a rate limit', error('rate limit exceeded', { code: 8 })],
    ['HTTP: too many requests', error('Too Many Requests', { status: 429 })],
    ['headers that do not come', error('Headers Timeout Error', { code: 'UND_ERR_HEADERS_TIMEOUT' })],
    ['a signal of a deadline', error('no answer', { name: 'TimeoutError' })],
  ])('that it is not known whether they are there: %s', (_, given) =>
    expect(verdictOf(given)).toBe('unknown'),
  );

  test.each([
    ['PostgreSQL’s disk', error('could not extend file: No space left on device', { code: '53100' })],
    ['a disk in words', new FailureError('write failed', { cause: error('database or disk is full') })],
    ['a permission', error('permission denied', { code: '42501' })],
    ['a read-only server', error('cannot execute INSERT', { code: '25006' })],
    ['HTTP: forbidden', error('Forbidden', { status: 403 })],
  ])('that the target cannot write: %s', (_, given) => expect(verdictOf(given)).toBe('failed'));
});
