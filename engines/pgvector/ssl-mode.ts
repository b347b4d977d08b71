import { connect } from 'node:net';
import { FailureError, InputError } from '../../common/errors.js';
import { suggest } from '../../common/nearest.js';

/** Of libpq; `allow`, which tries without encryption first, is refused. */
const MODES = ['disable', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;
export type SslMode = (typeof MODES)[number];

/**
 * What was asked for, by the url or by PGSSLMODE; undefined: nothing. As in libpq, case matters.
 * Throws InputError for what is no mode.
 */
export function sslModeOf(url: URL, env: NodeJS.ProcessEnv): SslMode | undefined {
  const inUrl = url.searchParams.get('sslmode');
  const mode = inUrl ?? (env['PGSSLMODE'] || undefined);
  if (mode === undefined) return undefined;
  const known = MODES.find((each) => each === mode);
  if (known !== undefined) return known;
  const where = inUrl === null ? 'pgvector: PGSSLMODE' : 'pgvector: sslmode in url';
  if (mode === 'allow') {
    throw new InputError('sslmode=allow, which tries without encryption first, is not supported', {
      where,
      next: 'use prefer, which tries TLS first, or disable',
    });
  }
  throw new InputError(
    suggest(
      'sslmode is none of PostgreSQL’s',
      mode.toLowerCase().replaceAll('_', '-'),
      [...MODES],
      MODES.join(', '),
    ),
    {
      where,
      got: mode,
      next: `use one of ${MODES.join(', ')}`,
    },
  );
}

const ANSWER_MS = 15_000;
/** PostgreSQL's SSLRequest: a length of 8 and a code that no version has. */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);

/** Whether the server speaks TLS; undefined if it cannot be reached. Nothing but the question is sent. */
export function offersTls(host: string, port: number, signal: AbortSignal): Promise<boolean | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: ANSWER_MS });
    const end = (answer: boolean | undefined) => {
      signal.removeEventListener('abort', stop);
      socket.destroy();
      resolve(answer);
    };
    const stop = () => end(undefined);
    signal.addEventListener('abort', stop, { once: true });
    socket.once('connect', () => socket.write(SSL_REQUEST));
    socket.once('data', (data: Buffer) => end(data[0] === 0x53));
    socket.once('timeout', stop);
    socket.once('close', stop);
    socket.once('error', stop);
  });
}

/** Nobody asked for a connection without encryption, and the server has no other. */
export function noTls(host: string, port: number): FailureError {
  return new FailureError('the server offers no TLS, and the password would travel without encryption', {
    where: `pgvector ${host}:${port}`,
    next: 'set TLS up there, or ask for none with ?sslmode=disable',
  });
}
