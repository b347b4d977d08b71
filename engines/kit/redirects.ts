import { FailureError } from '../../common/errors.js';

/**
 * A server that answers "elsewhere" is not followed: `fetch` would send the credentials, which are headers of their own,
 * and the data to whatever host it names.
 */
export function redirectFailure(where: string, from: string, { status, headers }: Response): FailureError {
  return redirected(where, from, status, headers.get('location'));
}

/** As `redirectFailure`. @param to its header `location` */
export function redirected(where: string, from: string, status: number, to: string | null): FailureError {
  return new FailureError(`the server answers HTTP ${status} and sends on to ${hostOf(to, from)}`, {
    where,
    next: 'nothing was sent there: write the address of the server itself, if that is it',
  });
}

export function isRedirect({ status }: { status: number }): boolean {
  return status >= 300 && status < 400;
}

/** Of the place alone: its path may hold what was sent. */
function hostOf(to: string | null, from: string): string {
  if (to === null || !URL.canParse(to, from)) return 'no place that it names';
  const { host, protocol } = new URL(to, from);
  return host === new URL(from).host ? `another address of ${protocol}//${host}` : `${protocol}//${host}`;
}

/** Begins of addresses of servers that clients of other packages talk to. */
const guarded = new Set<string>();
let installed = false;

/**
 * From now on no redirect of the server at `base` (`http://host:port`) is followed by this process's `fetch`: the
 * official clients have no setting for it. They get an answer of the same status that says so, in the form of each
 * server's errors.
 */
export function followNoRedirects(base: string): void {
  guarded.add(`${base}/`);
  if (installed) return;
  installed = true;
  const original = globalThis.fetch;
  globalThis.fetch = async (input, init) => {
    const url = typeof input === 'string' ? input : input instanceof URL ? input.href : input.url;
    for (const begin of guarded) {
      if (!url.startsWith(begin)) continue;
      const response = await original(input, { ...init, redirect: 'manual' });
      return isRedirect(response) ? refusal(url, response) : response;
    }
    return original(input, init);
  };
}

function refusal(url: string, response: Response): Response {
  const message = `the server sends on to ${hostOf(response.headers.get('location'), url)}, which is not followed`;
  const body = JSON.stringify({ message, status: { error: message } });
  const to = response.headers.get('location');
  // A response of 304 must have no body.
  return new Response(body, {
    status: response.status === 304 ? 300 : response.status,
    headers: { 'content-type': 'application/json', ...(to !== null && { location: to }) },
  });
}
