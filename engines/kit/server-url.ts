import { isIPv4 } from 'node:net';
import { CREDENTIAL_PARAMETER } from '../../common/credentials.js';
import { InputError } from '../../common/errors.js';
import { suggest } from '../../common/nearest.js';
import type { LaunchRequest } from '../contract/server.js';

export interface UrlRules {
  engine: string;
  /** Such as `['http', 'https']`. */
  protocols: readonly string[];
  /** An address as it should be. */
  example: string;
  /** Whether `user:password@` is a way to give credentials; a user without a password never is. */
  credentials: boolean;
  /** Parameters after `?` that have a meaning. */
  parameters?: readonly string[] | undefined;
  /** Variables that hold credentials. */
  variables: readonly string[];
}

/**
 * The address of a running server. Throws InputError for one that is none, and for credentials where they would be kept
 * or sent as part of the address; the message shows none of them.
 */
export function serverUrl(text: string | undefined, rules: UrlRules): URL {
  const { engine, protocols, example, credentials, parameters = [], variables } = rules;
  const where = `${engine}: url`;
  const given = URL.canParse(text ?? '') ? new URL(text!) : undefined;
  const known = protocols.map((protocol) => `${protocol}:`);
  if (given === undefined || !known.includes(given.protocol) || given.hostname === '') {
    const begin = protocols.map((protocol) => `${protocol}://`).join(' or ');
    throw new InputError(`url must begin with ${begin} and name a host`, {
      where,
      next: `for example ${example}`,
    });
  }
  const secretly = `set ${variables.join(' or ')}`;
  if (!credentials && (given.username !== '' || given.password !== '')) {
    throw new InputError('url must hold no user or password', { where, next: secretly });
  }
  for (const name of new Set(given.searchParams.keys())) {
    if (CREDENTIAL_PARAMETER.test(name)) {
      throw new InputError(`url must hold no credentials, as its parameter "${name}" does`, {
        where,
        next: secretly,
      });
    }
    if (!parameters.includes(name)) {
      const next = parameters.length === 0 ? 'leave it out' : `known are ${parameters.join(', ')}`;
      throw new InputError(suggest(`url has an unknown parameter "${name}"`, name, parameters, ''), {
        where,
        next,
      });
    }
    if (given.searchParams.getAll(name).length > 1)
      throw new InputError(`url gives the parameter "${name}" more than once`, { where });
  }
  return given;
}

/** Whether a host is this machine itself: what is sent there crosses no network. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/^\[|\]$/g, '').toLowerCase();
  if (name === 'localhost' || name.endsWith('.localhost') || name === '::1') return true;
  return isIPv4(name) && name.startsWith('127.');
}

/** Says that nothing is encrypted on the way to another machine, and whether a credential is among it. */
export function noticePlaintext(
  { onNotice }: Pick<LaunchRequest, 'onNotice'>,
  title: string,
  host: string,
  { credential, next }: { credential: string | undefined; next: string },
): void {
  if (isLoopback(host)) return;
  onNotice?.(
    credential === undefined
      ? `what is sent to ${title} at ${host} travels without encryption: ${next}`
      : `the ${credential} of ${title} travels to ${host} without encryption: ${next}`,
  );
}
