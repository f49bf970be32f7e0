{{- define "winnow.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" }}
{{- end }}

{{- define "winnow.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" }}
{{- else if contains (include "winnow.name" .) .Release.Name }}
{{- .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "winnow.name" .) | trunc 40 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "winnow.selector" -}}
app.kubernetes.io/name: {{ include "winnow.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "winnow.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "winnow.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "winnow.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}
{{- end }}

{{- define "winnow.serviceAccount" -}}
{{- if .Values.serviceAccount.create }}
{{- .Values.serviceAccount.name | default (include "winnow.fullname" .) }}
{{- else }}
{{- .Values.serviceAccount.name | default "default" }}
{{- end }}
{{- end }}

{{- /* winnow.secret is the name of the Secret with the settings. Without one nothing could be verified, nor the admin port be asked. */}}
{{- define "winnow.secret" -}}
{{- if .Values.existingSecret }}
{{- .Values.existingSecret }}
{{- else if .Values.secret }}
{{- if not (hasKey .Values.secret .Values.adminTokenKey) }}
{{- fail (printf "secret has no %s: the admin port asks for it" .Values.adminTokenKey) }}
{{- end }}
{{- include "winnow.fullname" . }}
{{- else }}
{{- fail "set existingSecret to the name of a Secret with WINNOW_HUBSPOT_CLIENT_SECRET, WINNOW_HUBSPOT_TOKEN and WINNOW_ADMIN_TOKEN, or secret to have one made" }}
{{- end }}
{{- end }}

{{- /* winnow.pod is the pod, made from (dict "top" $ "name" ... "roles" list-or-nil "resources" ...). */}}
{{- define "winnow.pod" -}}
{{- $v := .top.Values }}
{{- $embedded := not $v.nats.url }}
{{- $receives := or (not .roles) (has "receive" .roles) }}
metadata:
  annotations:
    checksum/settings: {{ printf "%s%s" (toJson $v.settings) (toJson $v.secret) | sha256sum }}
    {{- with $v.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  labels:
    {{- include "winnow.selector" .top | nindent 4 }}
    app.kubernetes.io/component: {{ .name }}
    winnow.dev/receives: {{ $receives | quote }}
    {{- with $v.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "winnow.serviceAccount" .top }}
  # It never speaks to Kubernetes.
  automountServiceAccountToken: false
  enableServiceLinks: false
  terminationGracePeriodSeconds: {{ $v.terminationGracePeriodSeconds }}
  securityContext:
    {{- toYaml $v.podSecurityContext | nindent 4 }}
  {{- with $v.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $v.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  {{- with $v.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $v.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $v.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- if and $v.topologySpread.enabled (not $embedded) }}
  topologySpreadConstraints:
    {{- $name := .name }}
    {{- $top := .top }}
    {{- range list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
    - topologyKey: {{ . }}
      maxSkew: 1
      whenUnsatisfiable: {{ $v.topologySpread.whenUnsatisfiable }}
      labelSelector:
        matchLabels:
          {{- include "winnow.selector" $top | nindent 10 }}
          app.kubernetes.io/component: {{ $name }}
    {{- end }}
  {{- end }}
  containers:
    - name: winnow
      image: {{ include "winnow.image" .top }}
      imagePullPolicy: {{ $v.image.pullPolicy }}
      args: [serve]
      securityContext:
        {{- toYaml $v.securityContext | nindent 8 }}
      env:
        - name: WINNOW_ADMIN_LISTEN
          value: ":8081"
        - name: WINNOW_ADMIN_TOKEN
          valueFrom:
            secretKeyRef:
              name: {{ include "winnow.secret" .top }}
              key: {{ $v.adminTokenKey }}
        {{- if .roles }}
        - name: WINNOW_ROLES
          value: {{ join "," .roles }}
        {{- end }}
        {{- if $embedded }}
        - name: WINNOW_DATA_DIR
          value: /data
        {{- else }}
        - name: WINNOW_NATS_URL
          value: {{ $v.nats.url | quote }}
        {{- if $v.nats.replicas }}
        - name: WINNOW_NATS_REPLICAS
          value: {{ $v.nats.replicas | quote }}
        {{- end }}
        {{- if $v.nats.credsSecret }}
        - name: WINNOW_NATS_CREDS
          value: /etc/winnow/nats-creds/{{ $v.nats.credsKey }}
        {{- end }}
        {{- if $v.nats.tlsSecret }}
        - name: WINNOW_NATS_TLS_CA
          value: /etc/winnow/nats-tls/ca.crt
        {{- if $v.nats.tlsClientCertificate }}
        - name: WINNOW_NATS_TLS_CERT
          value: /etc/winnow/nats-tls/tls.crt
        - name: WINNOW_NATS_TLS_KEY
          value: /etc/winnow/nats-tls/tls.key
        {{- end }}
        {{- end }}
        {{- end }}
        {{- range $name, $value := $v.settings }}
        - name: {{ $name }}
          value: {{ $value | toString | quote }}
        {{- end }}
        {{- with $v.extraEnv }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      envFrom:
        - secretRef:
            name: {{ include "winnow.secret" .top }}
        {{- with $v.extraEnvFrom }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      ports:
        {{- if $receives }}
        - {name: webhooks, containerPort: 8080}
        {{- end }}
        - {name: admin, containerPort: 8081}
      startupProbe:
        httpGet: {path: /livez, port: admin}
        {{- toYaml $v.probes.startup | nindent 8 }}
      livenessProbe:
        httpGet: {path: /livez, port: admin}
        {{- toYaml $v.probes.liveness | nindent 8 }}
      readinessProbe:
        httpGet: {path: /readyz, port: admin}
        {{- toYaml $v.probes.readiness | nindent 8 }}
      {{- with .resources }}
      resources:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      volumeMounts:
        - {name: tmp, mountPath: /tmp}
        {{- if $embedded }}
        - {name: data, mountPath: /data}
        {{- end }}
        {{- if and $v.nats.credsSecret (not $embedded) }}
        - {name: nats-creds, mountPath: /etc/winnow/nats-creds, readOnly: true}
        {{- end }}
        {{- if and $v.nats.tlsSecret (not $embedded) }}
        - {name: nats-tls, mountPath: /etc/winnow/nats-tls, readOnly: true}
        {{- end }}
        {{- with $v.extraVolumeMounts }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
  volumes:
    - name: tmp
      emptyDir: {sizeLimit: 1Gi}
    {{- if and $embedded $v.embedded.storage.existingClaim }}
    - name: data
      persistentVolumeClaim: {claimName: {{ $v.embedded.storage.existingClaim }}}
    {{- end }}
    {{- if and $v.nats.credsSecret (not $embedded) }}
    - name: nats-creds
      secret: {secretName: {{ $v.nats.credsSecret }}}
    {{- end }}
    {{- if and $v.nats.tlsSecret (not $embedded) }}
    - name: nats-tls
      secret: {secretName: {{ $v.nats.tlsSecret }}}
    {{- end }}
    {{- with $v.extraVolumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end }}
