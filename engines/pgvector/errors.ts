import { ConnectionLostError, FailureError, messageOf } from '../../common/errors.js';
import type { Endpoint } from '../contract/server.js';

/** What to do about errors of a connection, by PostgreSQL's or the system's code. */
const REMEDIES: Readonly<Record<string, string>> = {
  '28P01': 'check user and password (in the url, or PGUSER and PGPASSWORD)',
  '28000': 'check the user, and whether the server’s pg_hba.conf lets it in from here',
  '3D000': 'name a database that exists (in the url, or PGDATABASE)',
  '53300': 'the server takes no more connections: raise its max_connections or close others',
  ECONNREFUSED: 'nothing listens there: check host and port, and whether the server runs',
  ENOTFOUND: 'the host is not known: check its name',
  ETIMEDOUT: 'the host does not answer: check the address and firewalls',
  DEPTH_ZERO_SELF_SIGNED_CERT:
    'the certificate is self-signed: trust it with NODE_EXTRA_CA_CERTS, or use sslmode=require, which does not check it',
  SELF_SIGNED_CERT_IN_CHAIN:
    'the certificate’s authority is not known: give it with NODE_EXTRA_CA_CERTS, or use sslmode=require, which does not check it',
  ERR_TLS_CERT_ALTNAME_INVALID: 'the certificate is for another host: use the name it was made for',
};

/** What tells more than the code that comes with it. */
const TLS_REMEDIES: readonly (readonly [said: string, next: string])[] = [
  ['does not support SSL', 'the server has no TLS: use sslmode=disable, or set TLS up there'],
  ['no encryption', 'the server lets nobody in without TLS: add sslmode=verify-full to the url'],
];

/** A connection that could not be made, with the remedy. */
export function connectFailure(error: unknown, { host, port }: Endpoint): FailureError {
  const message = messageOf(error) || String((error as { code?: unknown }).code);
  const next =
    TLS_REMEDIES.find(([said]) => message.includes(said))?.[1] ??
    REMEDIES[String((error as { code?: unknown }).code)];
  return new FailureError(`cannot connect: ${message}`, {
    where: `pgvector ${host}:${port}`,
    next,
    cause: error,
  });
}

/** An error of a statement as it is told; where the connection is gone with it, a ConnectionLostError. */
export function statementError(error: unknown, { host, port }: Endpoint): unknown {
  const { severity } = error as { severity?: string };
  // What the server says of a statement has a severity; what has none comes from the socket or the client.
  if (severity !== undefined && severity !== 'FATAL' && severity !== 'PANIC') return error;
  if (error instanceof FailureError) return error;
  const what = `the connection to the server is lost: ${messageOf(error)}`;
  return new ConnectionLostError(what, { where: `pgvector ${host}:${port}`, cause: error });
}
