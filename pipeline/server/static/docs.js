"use strict";
// validatorUrl: null, or the page would ask a server on the internet to check the document.
SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#swagger",
  deepLinking: true,
  persistAuthorization: false,
  validatorUrl: null,
});
