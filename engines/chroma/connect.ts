import { FailureError, messageOf, shorten } from '../../common/errors.js';
import type { Endpoint } from '../contract/server.js';
import { isRedirect, redirectFailure } from '../kit/redirects.js';
import { type ChromaClient, tokenHeaders } from './client.js';

/** The server's version; throws FailureError with the remedy if it cannot be reached or lets nobody in. */
export async function reach(client: ChromaClient, endpoint: Endpoint): Promise<string> {
  try {
    return await client.version();
  } catch (error) {
    const reason = (await whyUnreachable(endpoint)) ?? messageOf(error);
    throw new FailureError(`cannot connect: ${reason}`, {
      where: `chroma: ${endpoint.host}:${endpoint.port}`,
      next: remedy(reason),
      cause: error,
    });
  }
}

/**
 * The server lists no collections of a database that is not there, as of one that is empty: it is asked for by itself. Neither
 * tenants nor databases have a place for a mark, so none is made.
 * @throws FailureError if the tenant has no such database
 */
export async function requireDatabase({ host, port, tls, secrets, settings }: Endpoint): Promise<void> {
  const { tenant = 'default_tenant', database } = settings;
  if (database === undefined) return;
  const path = `tenants/${encodeURIComponent(tenant)}/databases/${encodeURIComponent(database)}`;
  const address = `${tls ? 'https' : 'http'}://${host}:${port}/api/v2/${path}`;
  const headers = tokenHeaders({ secrets });
  const signal = AbortSignal.timeout(15_000);
  const where = `chroma: ${host}:${port}`;
  let response: Response;
  try {
    response = await fetch(address, { ...(headers && { headers }), signal, redirect: 'manual' });
  } catch (error) {
    throw new FailureError(`cannot connect: ${messageOf(error)}`, { where, cause: error });
  }
  await response.body?.cancel();
  if (isRedirect(response)) throw redirectFailure(where, address, response);
  // Who may use a database need not be allowed to look it up.
  if (response.status !== 404) return;
  throw new FailureError(`there is no database ${shorten(database)} of tenant ${shorten(tenant)}`, {
    where,
    next: `check the names, or create them first: AdminClient.create_tenant(${JSON.stringify(tenant)}), AdminClient.create_database(${JSON.stringify(database)}, tenant=${JSON.stringify(tenant)}) in Python`,
  });
}

/** The client says of every broken connection that the server should be running: what it was is asked again. */
async function whyUnreachable({ host, port, tls, secrets }: Endpoint): Promise<string | undefined> {
  const address = `${tls ? 'https' : 'http'}://${host}:${port}/api/v2/version`;
  const { token } = secrets;
  try {
    const headers = token === undefined ? {} : { 'x-chroma-token': token, authorization: `Bearer ${token}` };
    const signal = AbortSignal.timeout(15_000);
    const response = await fetch(address, { headers, signal, redirect: 'manual' });
    if (isRedirect(response)) throw redirectFailure(`chroma: ${host}:${port}`, address, response);
    return response.ok ? undefined : `HTTP ${response.status}`;
  } catch (error) {
    if (error instanceof FailureError) throw error;
    const cause = (error as { cause?: { code?: string; message?: string } }).cause;
    return cause?.code ?? cause?.message ?? messageOf(error);
  }
}

function remedy(reason: string): string {
  if (/HTTP 40[13]/.test(reason))
    return 'set CHROMA_TOKEN, CHROMA_TENANT and CHROMA_DATABASE to what the server asks for';
  if (/CERT|SELF_SIGNED|VERIFY|ERR_TLS/.test(reason)) {
    return 'check the certificate; one of an authority of your own is trusted through NODE_EXTRA_CA_CERTS';
  }
  if (/SSL|EPROTO|HPE_INVALID|UND_ERR_SOCKET/.test(reason))
    return 'check that the server runs, and whether the address begins with http:// or https://';
  return 'check that the server runs and that the address is right';
}
