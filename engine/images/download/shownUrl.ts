/** Without a user, a password and a query, any of which may be a secret. */
export function shownUrl(url: URL): string {
  return `${url.origin}${url.pathname}`;
}
