/* SPDX-License-Identifier: Apache-2.0 */
/* The files of this directory, in the program: NAME and NAME_end are their first byte and the one behind. */
#define FILE(name, path)                     \
	.global name, name##_end           ; \
	.type name, STT_OBJECT             ; \
	name: .incbin path                 ; \
	.type name##_end, STT_OBJECT       ; \
	name##_end: .byte 0

	.section .rodata
	FILE(docs_index, "fcgi-app/docs/index.html")
	FILE(docs_start, "fcgi-app/docs/start.js")
	FILE(docs_viewer, "fcgi-app/docs/swagger-ui-bundle.js.gz")
	FILE(docs_style, "fcgi-app/docs/swagger-ui.css.gz")
	FILE(docs_redirect, "fcgi-app/docs/oauth2-redirect.html")
	FILE(docs_redirect_script, "fcgi-app/docs/oauth2-redirect.js")
	FILE(docs_openapi, "fcgi-app/docs/openapi.json")
	.section .note.GNU-stack, "", %progbits
