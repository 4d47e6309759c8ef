// SPDX-License-Identifier: Apache-2.0
SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  oauth2RedirectUrl: new URL("docs/oauth2-redirect", window.location.href).href,
});
